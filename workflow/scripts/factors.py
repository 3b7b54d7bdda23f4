"""What is known of languages and pairs of languages, and of how a model's tokenizer splits them."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.factors.corpora import knowledge_questions, read_flores
from isogloss.factors.distances import coverage, distances
from isogloss.factors.shares import language_table, pair_table
from isogloss.factors.token_alignment import token_alignment
from isogloss.factors.tokenizers import encode, load_encoder, tokenizer_languages, tokenizer_pairs
from isogloss.languages import Language
from isogloss.models.sandbox.corpus import read_shares

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
languages = [Language(**row) for row in params.languages]
codes = [language.iso639_3 for language in languages]
shares = read_shares(inputs.shares, codes)
of_languages, of_pairs = [coverage(codes)], [distances(codes)]
encoder = load_encoder(inputs.tokenizer[0] if inputs.tokenizer else None, params.encoding)
if encoder:
    items = {code: pl.read_parquet(path) for code, path in zip(codes, inputs.knowledge, strict=True)}
    corpus = read_flores(params.flores, languages) if params.flores else knowledge_questions(params.knowledge, items)
    encoded = encode(encoder, corpus)
    of_languages.append(tokenizer_languages(encoded, languages))
    of_pairs.append(tokenizer_pairs(encoded))
    if params.eflomal:
        of_pairs.append(token_alignment(encoded.tokens))
language_table(languages, shares, params.optimised, of_languages).write_csv(output.languages)
pair_table(languages, shares, params.optimised, of_pairs).write_csv(output.pairs)
