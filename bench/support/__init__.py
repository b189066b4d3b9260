"""Code that several programs of the bench share: the client, server processes, files, failures."""
