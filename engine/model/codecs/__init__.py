"""How tools are called by a model that has no call interface of its own, or a poor one: one file a codec."""
