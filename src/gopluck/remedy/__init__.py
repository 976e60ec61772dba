"""What has to be typed so that a plugin loads, or why nothing on its side can help."""
