"""What runs, in what order and how often: one Prefect flow a module, named after what it does."""
