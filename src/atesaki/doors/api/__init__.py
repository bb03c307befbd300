"""`/api/v1`: what a service may ask of us over HTTP, one file for each thing it may ask about.

Promise:    Every answer is one that `openapi.json` describes; every refusal is a problem document (RFC 9457).
Never:      Decides about a mail or an address; tells a service anything of another's; repeats an address.
On failure: 503, and nothing was taken; a repeated `Idempotency-Key` gets the answer that its first call got.
Read first: `calls.call`, then `claims`.
"""
