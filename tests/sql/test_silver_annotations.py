"""An annotation bound to a resource counts as a tag of it."""

SERVER = {"id": "s-1", "name": "web", "project": "p", "zone": "fr-par-1", "tags": ["env=dev"]}
BINDING = {
    "id": "b-1",
    "srn": "srn://instance.scw.eu/zones/fr-par-1/servers/s-1",
    "key": {"id": "k", "name": "owner"},
    "value": {"id": "v", "name": 'O\'Brien "data"'},
}


def test_an_annotation_names_the_owner_beside_the_tags(answers):
    answers.answer("bronze.resources", "instance.servers", [SERVER], path="/instance/v1/zones/fr-par-1/servers")
    answers.answer("bronze.resources", "annotations.bindings", [BINDING], path="/annotations/v1/bindings")
    [row] = answers.built("silver.resource_labels")
    assert row["owner"] == 'o\'brien "data"'
    assert row["tagged_environment"] == "dev"
