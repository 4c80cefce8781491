//! What the fuzz targets run, and what the tests run over the same corpora.
