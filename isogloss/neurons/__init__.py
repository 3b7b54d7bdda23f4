"""Which neurons of a model serve which languages, and what becomes of its answers when they are changed; PyTorch hooks only."""
