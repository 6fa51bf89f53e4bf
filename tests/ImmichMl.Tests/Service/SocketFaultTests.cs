namespace ImmichMl.Tests.Service;

public sealed class SocketFaultTests
{
    [Test]
    public async Task A_shortage_of_descriptors_in_the_process_is_not_told_as_one_of_the_system()
    {
        var shortage = new SocketException((int)SocketError.TooManyOpenSockets);
        await Assert.That(shortage.Message).Contains("in system");
        await Assert.That(SocketFault.WordsOf(shortage)).Contains("this process").And.DoesNotContain("in system");
    }

    [Test]
    public async Task Other_faults_keep_their_words()
    {
        var refused = new SocketException((int)SocketError.ConnectionRefused);
        await Assert.That(SocketFault.WordsOf(refused)).IsEqualTo(refused.Message);
    }
}
