import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** Resolves a host's name and shakes hands with it in TLS, verifying its certificate for that name, as a PostgreSQL driver does. */
public class Handshake {
  public static void main(String[] arguments) throws Exception {
    String host = arguments[0];
    int port = Integer.parseInt(arguments[1]);
    InetAddress address = InetAddress.getByName(host);
    Socket plain = new Socket(address, port);
    // SSLRequest: the length, then the code 1234 5679.
    plain.getOutputStream().write(new byte[] {0, 0, 0, 8, 4, (byte) 0xd2, 0x16, 0x2f});
    InputStream input = plain.getInputStream();
    if (input.read() != 'S') throw new IllegalStateException("no TLS");
    SSLSocket secure = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain, host, port, true);
    SSLParameters parameters = secure.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    secure.setSSLParameters(parameters);
    secure.startHandshake();
    System.out.println(address.getHostAddress() + " " + secure.getSession().getProtocol());
    secure.close();
  }
}
