// ssh2-sftp-client, as tests/clients/scripted.py drives it.
const { readFileSync, createReadStream } = require("fs");
const Client = require("ssh2-sftp-client");

if (process.argv[2] === "version") {
  const { version } = JSON.parse(readFileSync(require.resolve("ssh2-sftp-client/package.json")));
  const ssh2 = JSON.parse(readFileSync(require.resolve("ssh2/package.json")));
  console.log(`${version} (ssh2 ${ssh2.version})`);
  process.exit(0);
}

const commands = {
  put: (sftp, [file, name]) => sftp.fastPut(file, `/${name}`), // parallel writes, out of order
  temp: async (sftp, [file, name]) => {
    await sftp.put(file, `/${name}.tmp`);
    await sftp.posixRename(`/${name}.tmp`, `/${name}`);
  },
  resume: async (sftp, [file, name]) => {
    const { size } = await sftp.stat(`/${name}`);
    await sftp.append(createReadStream(file, { start: size }), `/${name}`);
  },
  mkdir: (sftp, [name]) => sftp.mkdir(`/${name}`, true),
  date: async (sftp, [name, seconds, mode]) => {
    await sftp.chmod(`/${name}`, parseInt(mode, 8));
    await new Promise((resolve, reject) =>
      sftp.sftp.utimes(`/${name}`, Number(seconds), Number(seconds), (error) => (error ? reject(error) : resolve())),
    );
  },
  list: async (sftp, [path]) => (await sftp.list(`/${path}`)).forEach(({ longname }) => console.log(longname)),
  get: (sftp, [path, file]) => sftp.get(`/${path}`, file),
};

async function main([port, username, password]) {
  const sftp = new Client();
  await sftp.connect({ host: "127.0.0.1", port: Number(port), username, password });
  try {
    for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
      const [command, ...words] = line.split("\t");
      await commands[command](sftp, words);
    }
  } finally {
    await sftp.end();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
