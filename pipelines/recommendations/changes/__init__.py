"""How an advice is carried out by a person: commands of `scw`, Terraform, and the way back. Nothing is applied."""
