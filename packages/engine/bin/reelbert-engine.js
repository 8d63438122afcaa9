#!/usr/bin/env node
import { runEngineCommand } from '../dist/command.js';

process.exitCode = await runEngineCommand(process.argv.slice(2), {
  out: (text) => console.log(text),
  error: (text) => process.stderr.write(text),
  terminal: process.stderr.isTTY === true,
});
