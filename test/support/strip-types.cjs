// Jest runs exactly what Node runs: the sources with their types stripped, nothing compiled.
const { stripTypeScriptTypes } = require('node:module');
module.exports = { process: (source) => ({ code: stripTypeScriptTypes(source) }) };
