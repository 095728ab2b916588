// JSch, as tests/clients/scripted.py drives it.
import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;
import java.io.BufferedReader;
import java.io.InputStreamReader;

class Push {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("version")) {
            System.out.println(JSch.VERSION);
            return;
        }
        Session session = new JSch().getSession(arguments[1], "127.0.0.1", Integer.parseInt(arguments[0]));
        session.setPassword(arguments[2]);
        session.setConfig("StrictHostKeyChecking", "no");
        try {
            session.connect(30_000);
            ChannelSftp sftp = (ChannelSftp) session.openChannel("sftp");
            sftp.connect();
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                run(sftp, line.split("\t"));
            }
        } catch (Exception error) {
            System.err.println(error.getMessage());
            System.exit(1);
        } finally {
            session.disconnect();
        }
    }

    private static void run(ChannelSftp sftp, String[] words) throws SftpException {
        switch (words[0]) {
            case "put" -> sftp.put(words[1], words[2], ChannelSftp.OVERWRITE);
            case "temp" -> {
                sftp.put(words[1], words[2] + ".tmp", ChannelSftp.OVERWRITE);
                sftp.rename(words[2] + ".tmp", words[2]);
            }
            case "resume" -> sftp.put(words[1], words[2], ChannelSftp.RESUME);
            case "mkdir" -> makeFolder(sftp, words[1]);
            case "date" -> {
                sftp.setMtime(words[1], Integer.parseInt(words[2]));
                sftp.chmod(Integer.parseInt(words[3], 8), words[1]);
            }
            case "list" -> {
                for (Object entry : sftp.ls(words[1])) {
                    System.out.println(entry);
                }
            }
            case "get" -> sftp.get(words[1], words[2]);
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private static void makeFolder(ChannelSftp sftp, String name) throws SftpException {
        try {
            sftp.mkdir(name);
        } catch (SftpException error) {
            if (error.id != ChannelSftp.SSH_FX_FAILURE) {
                throw error;
            }
        }
    }
}
