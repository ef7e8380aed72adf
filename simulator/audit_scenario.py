"""What a scenario may say of who changes things, and of offers that come to an end."""

from pydantic import Field

from simulator.scenario_values import Moment, Strict


class Actor(Strict):
    """Somebody or something with an API key; whoever is named first does what nobody else is said to do."""

    name: str
    address: str = Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}$", description="where its calls come from")
    agent: str = Field(default="scaleway-sdk-go/v1.0.0-beta.7", description="user agent")
    projects: tuple[str, ...] = Field(default=(), description="projects in which it does everything")


class Retirement(Strict):
    """Offers that are given up: the catalogue says so from `announced` on."""

    skus: tuple[str, ...] = Field(min_length=1, description="may end in *")
    announced: Moment
    end_of_growth: Moment | None = None
    end_of_sale: Moment | None = None
    end_of_life: Moment | None = None
    replacements: tuple[str, ...] = Field(default=(), description="commercial types to go to")
