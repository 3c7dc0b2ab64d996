/* Cut a query into terms: Latin words as they are, Chinese by the longest term the index knows. */
function splitQuery(query) {
  const index = Search._index || { terms: {}, titleterms: {} };
  const known = (word) => Object.hasOwn(index.terms, word) || Object.hasOwn(index.titleterms, word);
  const longest = 8;
  const found = [];
  for (const run of query.match(/\p{Script=Han}+|[\p{L}\p{N}_]+?(?=\p{Script=Han}|[^\p{L}\p{N}_]|$)/gu) || []) {
    if (!/\p{Script=Han}/u.test(run)) {
      found.push(run);
      continue;
    }
    for (let start = 0; start < run.length; ) {
      let size = Math.min(longest, run.length - start);
      while (size > 1 && !known(run.slice(start, start + size))) size -= 1;
      if (size > 1) found.push(run.slice(start, start + size));
      start += size;
    }
  }
  return found;
}
