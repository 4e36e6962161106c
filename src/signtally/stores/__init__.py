"""What lies in the bucket, by name: profiles, reports, ledgers, state. Plain code over the ObjectStore port."""
