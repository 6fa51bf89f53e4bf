using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Tests.Inference;

/// <summary>
/// The session that opens fastest answers first; better ones take over when they are there. Each here answers with a number of its own.
/// </summary>
public sealed class GraphSessionsTests
{
    const float First = 1;
    const float Alone = 2;
    const float OfMany = 3;

    [Test]
    public async Task The_first_session_answers_until_the_one_for_that_kind_of_run_is_open()
    {
        using var gate = new ManualResetEventSlim();
        using var sessions = new GraphSessions(Open(First), isOneOfMany =>
        {
            gate.Wait();
            return Open(isOneOfMany ? OfMany : Alone);
        });
        await Assert.That(Ask(sessions, isOneOfMany: false)).IsEqualTo(First);
        await Assert.That(Ask(sessions, isOneOfMany: true)).IsEqualTo(First);
        gate.Set();
        await AnswersWith(sessions, isOneOfMany: false, Alone);
        await AnswersWith(sessions, isOneOfMany: true, OfMany);
        await Assert.That(Ask(sessions, isOneOfMany: false)).IsEqualTo(Alone);
    }

    [Test]
    public async Task Nothing_is_opened_before_the_first_answer_nor_for_a_kind_of_run_that_nobody_asks_for()
    {
        var opened = new List<bool>();
        using var never = new ManualResetEventSlim();
        using var sessions = new GraphSessions(Open(First), isOneOfMany =>
        {
            opened.Add(isOneOfMany);
            return Open(OfMany);
        });
        int openedDuringTheFirstRun = sessions.Run(isOneOfMany: true, _ =>
        {
            never.Wait(TimeSpan.FromMilliseconds(50));
            return opened.Count;
        });
        await AnswersWith(sessions, isOneOfMany: true, OfMany);
        await Assert.That(openedDuringTheFirstRun).IsEqualTo(0);
        await Assert.That(opened).HasSingleItem();
    }

    [Test]
    public async Task After_a_backlog_alone_a_single_run_takes_its_session_until_its_own_is_open()
    {
        using var gate = new ManualResetEventSlim();
        using var sessions = new GraphSessions(Open(First), isOneOfMany =>
        {
            if (!isOneOfMany)
            {
                gate.Wait();
            }

            return Open(isOneOfMany ? OfMany : Alone);
        });
        await AnswersWith(sessions, isOneOfMany: true, OfMany);
        await Assert.That(Ask(sessions, isOneOfMany: false)).IsEqualTo(OfMany);
        gate.Set();
        await AnswersWith(sessions, isOneOfMany: false, Alone);
    }

    [Test]
    public async Task Where_there_is_one_kind_of_run_one_session_is_opened()
    {
        using var sessions = new GraphSessions(Open(First), isOneOfMany => Open(isOneOfMany ? OfMany : Alone), hasKinds: false);
        await AnswersWith(sessions, isOneOfMany: true, Alone);
        await Assert.That(Ask(sessions, isOneOfMany: false)).IsEqualTo(Alone);
    }

    [Test]
    [Arguments("The file is broken.", 1)]
    [Arguments("Failed to allocate memory for requested buffer of size 1", 0)]
    public async Task When_no_other_opens_the_first_goes_on_and_only_a_broken_copy_is_reported(string why, int reports)
    {
        int tries = 0;
        int reported = 0;
        using var done = new CountdownEvent(1);
        using var sessions = new GraphSessions(
            Open(First),
            _ =>
            {
                tries++;
                try
                {
                    throw Failure(why);
                }
                finally
                {
                    done.Signal();
                }
            },
            spoiled: () => reported++);
        await Assert.That(Ask(sessions, isOneOfMany: false)).IsEqualTo(First);
        done.Wait();
        for (int i = 0; i < 20; i++)
        {
            await Assert.That(Ask(sessions, isOneOfMany: i % 2 == 0)).IsEqualTo(First);
            await Task.Delay(5);
        }

        await Assert.That(tries).IsEqualTo(1);
        await Assert.That(reported).IsEqualTo(reports);
    }

    [Test]
    public async Task Where_the_word_that_they_will_not_open_fails_too_the_first_goes_on()
    {
        using var told = new ManualResetEventSlim();
        using var sessions = new GraphSessions(
            Open(First), _ => throw Failure("it is damaged"),
            spoiled: () =>
            {
                told.Set();
                throw new InvalidDataException();
            });
        await Assert.That(Ask(sessions, isOneOfMany: false)).IsEqualTo(First);
        await Assert.That(told.Wait(Patience.Limit)).IsTrue();
        await Assert.That(Ask(sessions, isOneOfMany: true)).IsEqualTo(First);
    }

    [Test]
    public async Task Disposing_waits_for_a_session_that_is_being_opened()
    {
        using var opening = new ManualResetEventSlim();
        using var never = new ManualResetEventSlim();
        bool isOpen = false;
        var sessions = new GraphSessions(Open(First), _ =>
        {
            opening.Set();
            never.Wait(TimeSpan.FromMilliseconds(100));
            isOpen = true;
            return Open(Alone);
        });
        Ask(sessions, isOneOfMany: false);
        opening.Wait();
        sessions.Dispose();
        await Assert.That(isOpen).IsTrue();
        await Assert.That(() => Ask(sessions, isOneOfMany: false)).Throws<ObjectDisposedException>();
    }

    [Test]
    public async Task Runs_that_overlap_the_change_all_answer()
    {
        using var sessions = new GraphSessions(Open(First), isOneOfMany => Open(isOneOfMany ? OfMany : Alone));
        var answers = new float[8][];
        Parallel.For(
            0, answers.Length, i => answers[i] = [.. Enumerable.Range(0, 200).Select(_ => Ask(sessions, isOneOfMany: i % 2 == 0))]);
        await Assert.That(answers.SelectMany(answer => answer).All(answer => answer is First or Alone or OfMany)).IsTrue();
        await AnswersWith(sessions, isOneOfMany: false, Alone);
    }

    static async Task AnswersWith(GraphSessions sessions, bool isOneOfMany, float expected)
    {
        for (int i = 0; i < 2000 && Ask(sessions, isOneOfMany) != expected; i++)
        {
            await Task.Delay(5);
        }

        await Assert.That(Ask(sessions, isOneOfMany)).IsEqualTo(expected);
    }

    static float Ask(GraphSessions sessions, bool isOneOfMany) => sessions.Run(isOneOfMany, session =>
    {
        using var run = new RunOptions();
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(new float[1], [1]);
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, ["x"], [input], ["y"]);
        return outputs[0].GetTensorDataAsSpan<float>()[0];
    });

    static InferenceSession Open(float added)
    {
        _ = RuntimeLibrary.Environment;
        return new InferenceSession(
            new OnnxGraph("plus").Input("x", OnnxType.Float, 1).Output("y", OnnxType.Float, 1)
                .Initializer("added", OnnxTensor.Floats([1], [added])).Node("Add", ["x", "added"], ["y"]).ToModel());
    }

    /// <summary>ONNX Runtime's own exception, which nobody else can make: a file that is none, with the words put in its path.</summary>
    static OnnxRuntimeException Failure(string why)
    {
        try
        {
            new InferenceSession($"/nowhere/{why}").Dispose();
        }
        catch (OnnxRuntimeException e)
        {
            return e;
        }

        throw new InvalidOperationException("It opened.");
    }
}
