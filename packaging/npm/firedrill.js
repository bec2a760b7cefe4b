#!/usr/bin/env node
// Starts the binary of the package for this platform, and ends as it does.
'use strict'
const { spawn } = require('node:child_process')
const { constants } = require('node:os')

const platform = `${process.platform}-${process.arch}`
const name = process.platform === 'win32' ? 'firedrill.exe' : 'firedrill'
let binary
try {
  binary = require.resolve(`$PACKAGE-${platform}/bin/${name}`)
} catch {
  console.error(`error: there is no binary for ${platform}
  = help: install without --omit=optional; or build it with cargo (docs/install.md)`)
  process.exit(2)
}

const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' })
// A terminal sends SIGINT to the binary as well: this waits until it has ended in order.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('error', (error) => {
  console.error(`error: cannot start ${binary}: ${error.message}`)
  process.exit(2)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
