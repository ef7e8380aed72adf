"""The scw profile is the one `scw` itself would use, and its secret shows nowhere."""

import json
import pickle
import traceback

import pytest

from pipelines.errors import ConfigurationError
from pipelines.scw_profile import config_file, credentials, read_profile
from pipelines.secrets import MASK, Secret, masked

TOP, ONE, TWO, ENV = (f"SCW{letter * 17}" for letter in "TABE")
SECRET = "0a1b2c3d-1111-4222-8333-444455556666"
OTHER_SECRET = "99999999-1111-4222-8333-444455556666"
ORGANIZATION = "22222222-2222-2222-2222-222222222222"

FILE = f"""
access_key: {TOP}
secret_key: {SECRET}
default_organization_id: {ORGANIZATION}
{{active}}
profiles:
  one: {{{{access_key: {ONE}, secret_key: {OTHER_SECRET}, api_url: "https://api.one.example/"}}}}
  two: {{{{access_key: {TWO}}}}}
"""


@pytest.fixture
def scw_file(tmp_path):
    """Writes the scw file and answers the environment that points to it."""

    def write(text: str = FILE.format(active=""), mode: int = 0o600) -> dict[str, str]:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        file.chmod(mode)
        return {"SCW_CONFIG_PATH": str(file), "HOME": str(tmp_path)}

    return write


@pytest.mark.parametrize(
    ("active", "environment", "asked", "name", "access_key"),
    [
        ("", {}, None, "default", TOP),
        ("active_profile: one", {}, None, "one", ONE),
        ("active_profile: one", {"SCW_PROFILE": "two"}, None, "two", TWO),
        ("active_profile: one", {"SCW_PROFILE": "two"}, "one", "one", ONE),
        ("active_profile: one", {}, "default", "default", TOP),
        ("active_profile: one", {"SCW_ACCESS_KEY": ENV}, None, "one", ENV),
        ("active_profile: one", {"SCW_PROFILE": "", "SCW_ACCESS_KEY": ""}, None, "one", ONE),
    ],
)
def test_the_profile_is_chosen_as_scw_chooses_it(scw_file, active, environment, asked, name, access_key):
    profile = read_profile(scw_file(FILE.format(active=active)) | environment, asked)
    assert (profile.name, profile.text("access_key")) == (name, access_key)


def test_a_named_profile_inherits_from_the_top_level_and_the_environment_replaces_single_values(scw_file):
    environment = scw_file() | {"SCW_PROFILE": "two", "SCW_API_URL": "http://127.0.0.1:8080/"}
    found = credentials(read_profile(environment))
    assert (found.access_key, found.secret_key.reveal(), found.organization_id) == (TWO, SECRET, ORGANIZATION)
    assert found.api_url == "http://127.0.0.1:8080"
    file = environment["SCW_CONFIG_PATH"]
    assert found.origin == {
        "access_key": f"{file} (profile two)",
        "secret_key": f"{file} (profile default)",
        "default_organization_id": f"{file} (profile default)",
        "api_url": "SCW_API_URL",
    }


def test_the_file_is_looked_for_where_scw_looks():
    home = {"HOME": "/home/someone"}
    assert str(config_file(home)) == "/home/someone/.config/scw/config.yaml"
    assert str(config_file(home | {"XDG_CONFIG_HOME": "/x"})) == "/x/scw/config.yaml"
    assert str(config_file(home | {"XDG_CONFIG_HOME": "/x", "SCW_CONFIG_PATH": "/y/z.yaml"})) == "/y/z.yaml"


def test_the_environment_alone_is_enough(tmp_path):
    environment = {"HOME": str(tmp_path), "SCW_ACCESS_KEY": ENV, "SCW_SECRET_KEY": SECRET}
    found = credentials(read_profile(environment), ORGANIZATION)
    assert (found.access_key, found.organization_id, found.api_url) == (ENV, ORGANIZATION, "https://api.scaleway.com")


GOOD = {"SCW_ACCESS_KEY": ENV, "SCW_SECRET_KEY": SECRET, "SCW_DEFAULT_ORGANIZATION_ID": ORGANIZATION}
REFUSED = {
    "no access key": ({"SCW_ACCESS_KEY": ""}, "no Scaleway access key: .*`scw init`"),
    "no secret key": ({"SCW_SECRET_KEY": ""}, "no Scaleway secret key: .*SCW_SECRET_KEY"),
    "no organisation": ({"SCW_DEFAULT_ORGANIZATION_ID": ""}, "no organisation: .*organization_id under"),
    "short access key": ({"SCW_ACCESS_KEY": "SCW1"}, "'SCW1' from SCW_ACCESS_KEY is not SCW and 17"),
    "odd secret key": ({"SCW_SECRET_KEY": "hunter22hunter22"}, "secret_key from SCW_SECRET_KEY is not a UUID"),
    "odd organisation": ({"SCW_DEFAULT_ORGANIZATION_ID": "me"}, "'me' from SCW_DEFAULT_ORGANIZATION_ID is not a UUID"),
    "no scheme": ({"SCW_API_URL": "api.scaleway.com"}, "API address from SCW_API_URL is not https"),
    "bad port": ({"SCW_API_URL": "https://host:notaport"}, "API address from SCW_API_URL is not https"),
    "user in it": ({"SCW_API_URL": f"https://me:{SECRET}@host"}, "API address from SCW_API_URL is not https"),
    "unencrypted": ({"SCW_API_URL": "http://api.example.com"}, "would send the key unencrypted"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused_in_one_line_with_the_remedy(tmp_path, case):
    changed, expected = REFUSED[case]
    profile = read_profile({"HOME": str(tmp_path)} | GOOD | changed)
    with pytest.raises(ConfigurationError, match=expected) as caught:
        credentials(profile)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    assert "hunter22" not in message


def test_an_unknown_profile_lists_the_known_ones(scw_file, tmp_path):
    with pytest.raises(ConfigurationError, match=r"'tow' is not in .*did you mean 'two'.*known: default, one, two"):
        read_profile(scw_file(), "tow")
    with pytest.raises(ConfigurationError, match=r"'tow' is asked for, but .* does not exist"):
        read_profile({"HOME": str(tmp_path / "nobody")}, "tow")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"secret_key: {SECRET}\n  access_key: x\n", "line 2, column 13 is not YAML"),
        (f"secret_key: [{SECRET}\n", "is not YAML"),
        (f"{SECRET}\n", "holds no scw configuration"),
        (f"profiles: [{SECRET}]\n", "profiles is not a mapping"),
        (f"active_profile: a\nprofiles: {{a: {SECRET}}}\n", "profile 'a' is not a mapping"),
    ],
)
def test_a_broken_file_is_one_line_and_never_quoted(scw_file, text, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_profile(scw_file(text))
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert "\n" not in str(caught.value)


def test_a_file_others_can_read_is_warned_about(scw_file):
    assert read_profile(scw_file(mode=0o600)).warnings == ()
    (warning,) = read_profile(scw_file(mode=0o640)).warnings
    assert "can be read by others" in warning
    assert "chmod 600" in warning


def test_the_secret_shows_nowhere_and_text_that_holds_it_can_be_masked(scw_file):
    profile = read_profile(scw_file() | {"SCW_PROFILE": "one"})
    found = credentials(profile)
    shown = [repr(found), str(found), f"{found.secret_key}", f"{found.secret_key:>40}".strip(), repr(profile)]
    assert [text for text in shown if OTHER_SECRET in text] == []
    with pytest.raises(TypeError):
        json.dumps(found.secret_key)
    with pytest.raises(TypeError, match="never written"):
        pickle.dumps(found)
    assert masked(f"GET failed, X-Auth-Token: {OTHER_SECRET}!") == f"GET failed, X-Auth-Token: {MASK}!"
    assert found.secret_key == Secret(OTHER_SECRET)
