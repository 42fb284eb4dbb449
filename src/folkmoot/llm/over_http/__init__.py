"""Chat models, embedders and rerankers behind providers' HTTP interfaces, in any wire format."""
