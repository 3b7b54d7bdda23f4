"""Models over the network, through the interface that OpenAI has and others share."""
