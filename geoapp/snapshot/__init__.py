"""The snapshot: the columns of the incidents that a viewer may see, kept in the process at one version of the data."""
