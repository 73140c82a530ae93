"""What a condition is asked about: one row, made of what stands of a shipment and one of its milestones. Pure."""
