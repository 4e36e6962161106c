"""What Signtally does, one verb a module, over ports alone."""
