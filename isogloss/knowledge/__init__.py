"""Knowledge items: the built-in world, and the words it is told in."""
