using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ImmichMl.Tests.Gateway;

/// <summary>HTTPS with the files that certificate authorities and tools leave.</summary>
public sealed class TlsTests
{
    static readonly DateTimeOffset s_from = TimeProvider.System.GetUtcNow().AddDays(-1);

    static CertificateRequest Request(string name, AsymmetricAlgorithm key, bool isAuthority)
    {
        CertificateRequest request = key is RSA rsa
            ? new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest($"CN={name}", (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        if (!isAuthority)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("ml.example.com");
            request.CertificateExtensions.Add(names.Build());
        }

        return request;
    }

    /// <summary>Writes fullchain.pem and key.pem; the root stays with the caller.</summary>
    static X509Certificate2 Issue(TempFolder folder, AsymmetricAlgorithm key, int intermediates)
    {
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Certificate2 root = Request("root", rootKey, true).CreateSelfSigned(s_from, s_from.AddDays(9));
        X509Certificate2 issuer = root;
        string chain = "";
        for (int i = 0; i < intermediates; i++)
        {
            ECDsa issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            X509Certificate2 certificate = Request($"intermediate {i}", issuerKey, true)
                .Create(issuer, s_from, s_from.AddDays(8 - i), [1, (byte)i]);
            chain = certificate.ExportCertificatePem() + "\n" + chain;
            issuer = certificate.CopyWithPrivateKey(issuerKey);
        }

        CertificateRequest request = Request("ml.example.com", key, false);
        using X509Certificate2 leaf = request.Create(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!), s_from, s_from.AddDays(5), [2]);
        folder.Write(System.Text.Encoding.ASCII.GetBytes(leaf.ExportCertificatePem() + "\n" + chain), "fullchain.pem");
        folder.Write(System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()), "key.pem");
        return root;
    }

    static (string, string)[] Files(TempFolder folder) =>
        [("MACHINE_LEARNING_TLS_CERTIFICATE", folder.File("fullchain.pem")), ("MACHINE_LEARNING_TLS_KEY", folder.File("key.pem"))];

    [Test]
    [Arguments("ec", 0)]
    [Arguments("ec", 1)]
    [Arguments("ec", 2)]
    [Arguments("rsa", 1)]
    public async Task Who_knows_the_root_alone_believes_the_chain(string kind, int intermediates)
    {
        using var folder = new TempFolder();
        using AsymmetricAlgorithm key = kind == "rsa" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 root = Issue(folder, key, intermediates);
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"), Files(folder));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await using var tls = new SslStream(new NetworkStream(socket));
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true };
        trust.CustomTrustStore.Add(root);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "ml.example.com",
            CertificateChainPolicy = trust }).Within();
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: ml.example.com\r\n\r\n"u8.ToArray());
        byte[] answer = new byte[4096];
        await Assert.That(System.Text.Encoding.ASCII.GetString(answer, 0, await tls.ReadAsync(answer).AsTask().Within()))
            .StartsWith("HTTP/1.1 200 ");
    }

    /// <summary>From openssl, since .NET makes none of this kind.</summary>
    const string Ed25519Certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBSDCB+6ADAgECAhQvEfAxwXgtPSm8iOjaZVMW+0z+DjAFBgMrZXAwGTEXMBUG
        A1UEAwwObWwuZXhhbXBsZS5jb20wIBcNMjYxMTI5MTU0MzIyWhgPMjEyNjExMDUx
        NTQzMjJaMBkxFzAVBgNVBAMMDm1sLmV4YW1wbGUuY29tMCowBQYDK2VwAyEAuU76
        hN9zNIOBQQ8gpokQxJP3x5Nu9mQr/qfUJoTDabGjUzBRMB0GA1UdDgQWBBQGZJpO
        vTdh6hoD5Vr/IDXYazRJGTAfBgNVHSMEGDAWgBQGZJpOvTdh6hoD5Vr/IDXYazRJ
        GTAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANBACbShemGFwtO4/mWJDFLe+2avuyi
        Qo1tEi2rkeNjTgzUfA+2+eu/rbpRNCWTqVKga/9Igcng6WYk03g7JRcIyQg=
        -----END CERTIFICATE-----
        """;

    public static IEnumerable<(string Name, string Says)> Unusable() =>
    [
        ("encrypted", "is encrypted"), ("old encrypted", "is encrypted"), ("ed25519", "Ed25519"), ("no key", "holds no private key"),
        ("no certificate", "holds no certificate"), ("another's key", "does not match"), ("no file", "cannot be used"),
    ];

    [Test]
    [MethodDataSource(nameof(Unusable))]
    public async Task What_cannot_be_used_is_told_with_its_reason(string name, string says)
    {
        using var folder = new TempFolder();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256), other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 root = Issue(folder, key, 1);
        void Replace(string file, string content) => folder.Write(System.Text.Encoding.ASCII.GetBytes(content), file);
        switch (name)
        {
            case "encrypted":
                Replace("key.pem", key.ExportEncryptedPkcs8PrivateKeyPem(
                    "x", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
                break;
            case "old encrypted":
                Replace(
                    "key.pem",
                    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE "
                    + "KEY-----\n");
                break;
            case "ed25519":
                Replace("fullchain.pem", Ed25519Certificate);
                break;
            case "no key":
                Replace("key.pem", "nothing");
                break;
            case "no certificate":
                Replace("fullchain.pem", "nothing");
                break;
            case "another's key":
                Replace("key.pem", other.ExportPkcs8PrivateKeyPem());
                break;
            case "no file":
                File.Delete(folder.File("key.pem"));
                break;
        }

        OperatorException? fault = await Assert.That(async () => await TestGateway.StartAsync(folder.File("nobody"),
            Files(folder))).Throws<OperatorException>();
        await Assert.That(fault!.Message).Contains(says);
        await Assert.That(name == "another's key" || !fault.Message.Contains("match", StringComparison.Ordinal)).IsTrue();
    }
}
