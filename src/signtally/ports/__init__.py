"""What the use cases ask of the outside world: Protocols, with their errors beside them."""
