// Translates a folder of photographs with sharp, several at a time:
//
//   node sharp.mjs MODEL IN OUT WIDTHxHEIGHT source|model

import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'

// The libraries lie in the folder that NODE_PATH names, which import ignores.
const require = createRequire(pathToFileURL(join(process.env.NODE_PATH, 'x')))
const sharp = require('sharp')
const ort = require('onnxruntime-node')

const [model, source, target, size, keep] = process.argv.slice(2)
const [width, height] = size.split('x').map(Number)
const session = await ort.InferenceSession.create(model, { executionProviders: ['cpu'] })

async function translate(name) {
  const photo = sharp(join(source, name))
  const full = await photo.metadata()
  const small = await photo.resize(width, height, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  const { translation } = await session.run({
    image: new ort.Tensor('uint8', small, [1, height, width, 3]),
    code: new ort.Tensor('float32', [1], [1]),
  })
  const pixels = Buffer.from(translation.data)
  let result = sharp(pixels, { raw: { width, height, channels: 3 } })
  if (keep === 'source') result = result.resize(full.width, full.height, { fit: 'fill' })
  await result.jpeg({ quality: 90 }).toFile(join(target, name))
  console.log(name)
}

const names = (await readdir(source)).sort()
await Promise.all(Array.from({ length: availableParallelism() + 1 }, async () => {
  for (let name; (name = names.shift()); ) await translate(name)
}))
