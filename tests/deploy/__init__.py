"""What is deployed, held to the program it deploys."""
