# Net::SFTP of Ruby, as tests/clients/scripted.py drives it.
require "net/sftp"

if ARGV[0] == "version"
  puts "#{Gem.loaded_specs["net-sftp"].version} (Net::SSH #{Net::SSH::Version::STRING})"
  exit
end

COMMANDS = {
  "put" => ->(sftp, file, name) { sftp.upload!(file, name) },
  "temp" => lambda do |sftp, file, name| # its rename replaces nothing
    sftp.upload!(file, "#{name}.tmp")
    sftp.remove!(name) if sftp.dir["/", name].any?
    sftp.rename!("#{name}.tmp", name)
  end,
  "resume" => lambda do |sftp, file, name|
    came = sftp.stat!(name).size
    handle = sftp.open!(name, "a")
    sftp.write!(handle, came, File.binread(file)[came..])
    sftp.close!(handle)
  end,
  "mkdir" => lambda do |sftp, name|
    sftp.mkdir!(name)
  rescue Net::SFTP::StatusException => error
    raise unless error.code == Net::SFTP::Constants::StatusCodes::FX_FAILURE
  end,
  "date" => ->(sftp, name, seconds, mode) { sftp.setstat!(name, atime: seconds.to_i, mtime: seconds.to_i, permissions: mode.to_i(8)) },
  "list" => ->(sftp, path) { sftp.dir.foreach(path) { |entry| puts entry.longname } },
  "get" => ->(sftp, path, file) { sftp.download!(path, file) },
}.freeze

port, user, password = ARGV
begin
  Net::SFTP.start("127.0.0.1", user, port: port.to_i, password: password, verify_host_key: :never, non_interactive: true) do |sftp|
    $stdin.each_line(chomp: true) do |line|
      command, *words = line.split("\t")
      COMMANDS.fetch(command).call(sftp, *words)
    end
  end
rescue StandardError => error
  warn error.message
  exit 1
end
