"""The ReAct loop and its transcript."""
