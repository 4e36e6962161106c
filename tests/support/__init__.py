"""What several tests share: fakes in a bundle, clocks, builders of events, sample figures, servers to switch off."""
