"""The documents and the words that every room uses: releases, outlets, languages, states."""
