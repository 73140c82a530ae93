"""A shipment's events in the words of the standards, and what every file that leaves the house has in common. Pure."""
