/** Runs on a host of the lab: serves the files of one folder over HTTP. `node file-server-agent.ts FOLDER PORT`. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';

const [folder = '.', port = '80'] = process.argv.slice(2);

createServer((request, response) => {
  readFile(join(folder, basename(request.url ?? '')))
    .then((content) => response.end(content))
    .catch(() => response.writeHead(404).end());
}).listen(Number(port), () => process.stdout.write('ready\n'));
