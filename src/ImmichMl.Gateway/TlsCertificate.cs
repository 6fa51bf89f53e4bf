using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImmichMl.Gateway;

/// <summary>The certificate with the key and the whole chain that stands in its file.</summary>
static class TlsCertificate
{
    /// <summary>Null where none is set.</summary>
    /// <exception cref="OperatorException">It cannot be used; the message says why.</exception>
    public static SslStreamCertificateContext? Read(GatewayOptions options)
    {
        if (options.TlsCertificate.Length == 0 && options.TlsKey.Length == 0)
        {
            return null;
        }

        if (options.TlsCertificate.Length == 0 || options.TlsKey.Length == 0)
        {
            throw new OperatorException("MACHINE_LEARNING_TLS_CERTIFICATE and MACHINE_LEARNING_TLS_KEY are set together or not at all.");
        }

        try
        {
            var file = new X509Certificate2Collection();
            file.ImportFromPem(File.ReadAllText(options.TlsCertificate));
            string key = File.ReadAllText(options.TlsKey);
            if (file.Count == 0)
            {
                throw new OperatorException($"{options.TlsCertificate} holds no certificate in PEM form.");
            }

            CheckKey(key, file[0], options);
            X509Certificate2 leaf = X509Certificate2.CreateFromPem(file[0].ExportCertificatePem(), key);

            // Offline: the file is the chain; nothing is asked of the network.
            return SslStreamCertificateContext.Create(leaf, file, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OperatorException($"The certificate in {options.TlsCertificate} and {options.TlsKey} cannot be used: {e.Message}");
        }
    }

    /// <summary>What .NET would only call malformed or a mismatch.</summary>
    static void CheckKey(string key, X509Certificate2 certificate, GatewayOptions options)
    {
        if (key.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal)
            || key.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            throw new OperatorException(
                $"The key in {options.TlsKey} is encrypted, and nobody is there to give its passphrase. "
                + $"Decrypt it: openssl pkey -in {options.TlsKey} -out NEW");
        }

        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal)
            || key.Contains("BEGIN OPENSSH PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new OperatorException(
                $"{options.TlsKey} holds no private key in PEM form (BEGIN PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY).");
        }

        // RFC 8410: what .NET's TLS cannot sign with.
        string? unusable = certificate.PublicKey.Oid.Value switch
        {
            "1.3.101.112" => "Ed25519",
            "1.3.101.113" => "Ed448",
            _ => null,
        };
        if (unusable is not null)
        {
            throw new OperatorException(
                $"The certificate in {options.TlsCertificate} has an {unusable} key, which .NET's TLS cannot use. "
                + "Take ECDSA (openssl ecparam -name prime256v1 -genkey) or RSA.");
        }
    }
}
