"""Pure tests of the engine, in milliseconds."""
