using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Testing.Platform.Extensions;
using Microsoft.Testing.Platform.Extensions.Messages;
using Microsoft.Testing.Platform.Extensions.OutputDevice;
using Microsoft.Testing.Platform.Extensions.TestHost;
using Microsoft.Testing.Platform.OutputDevice;
using Microsoft.Testing.Platform.Services;

namespace GpuCnn.Tests.Running;

/// <summary>
/// Prints a run: each failure in full when it happens, and at the end one line for each reason why tests were skipped. The platform prints
/// progress before that, and counts after it.
/// </summary>
/// <param name="printsFailures">False where the caller has the platform print them.</param>
internal sealed partial class RunReport(IServiceProvider services, bool printsFailures)
    : IDataConsumer, ITestSessionLifetimeHandler, IOutputDeviceDataProducer
{
    /// <summary>What the adapter puts before the reason of a test that its fixture skipped.</summary>
    private static readonly string[] Prefixes = ["OneTimeSetUp: ", "SetUp : "];

    private readonly IOutputDevice _output = services.GetOutputDevice();
    private readonly ConcurrentDictionary<string, int> _skipped = [];

    public string Uid => nameof(RunReport);

    public string Version => "1";

    public string DisplayName => "Report";

    public string Description => "Failures in full, and one line for each reason why tests were skipped.";

    public Type[] DataTypesConsumed => [typeof(TestNodeUpdateMessage)];

    public Task<bool> IsEnabledAsync() => Task.FromResult(true);

    public Task OnTestSessionStartingAsync(ITestSessionContext context) => Task.CompletedTask;

    public async Task ConsumeAsync(IDataProducer producer, IData value, CancellationToken cancellationToken)
    {
        TestNode node = ((TestNodeUpdateMessage)value).TestNode;
        switch (node.Properties.SingleOrDefault<TestNodeStateProperty>())
        {
            case SkippedTestNodeStateProperty skipped:
                _skipped.AddOrUpdate(Reason(skipped.Explanation), 1, (_, count) => count + 1);
                break;
            case FailedTestNodeStateProperty failed:
                await PrintFailure(node, failed.Explanation, failed.Exception, cancellationToken);
                break;
            case ErrorTestNodeStateProperty error:
                await PrintFailure(node, error.Explanation, error.Exception, cancellationToken);
                break;
            case TimeoutTestNodeStateProperty timeout:
                await PrintFailure(node, timeout.Explanation, timeout.Exception, cancellationToken);
                break;
        }
    }

    public async Task OnTestSessionFinishingAsync(ITestSessionContext context)
    {
        if (_skipped.IsEmpty) return;
        await Print($"\nSkipped, {_skipped.Values.Sum()} in all:", context.CancellationToken);
        var reasons = _skipped.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal);
        foreach ((string reason, int count) in reasons)
            await Print($"{count,6}  {reason}", context.CancellationToken);
    }

    private static string Reason(string? explanation)
    {
        string reason = string.Join(' ', (explanation ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        foreach (string prefix in Prefixes)
            if (reason.StartsWith(prefix, StringComparison.Ordinal)) reason = reason[prefix.Length..];
        return reason == "" ? "without a reason" : reason;
    }

    private async Task PrintFailure(TestNode node, string? explanation, Exception? exception, CancellationToken cancellationToken)
    {
        if (!printsFailures) return;
        string message = (explanation ?? exception?.Message ?? "").Trim('\r', '\n');
        IEnumerable<string> stack = (exception?.StackTrace ?? "").Split('\n').Select(Frame).Where(frame => frame != "");
        // The adapter may repeat the stack in the message.
        List<string> parts = [message, .. stack.Where(frame => !message.Contains(frame))];
        parts.AddRange(node.Properties.OfType<StandardOutputProperty>().Select(output => output.StandardOutput));
        parts.AddRange(node.Properties.OfType<StandardErrorProperty>().Select(error => error.StandardError));
        string text = string.Join('\n', parts.Select(part => part.Trim('\r', '\n')).Where(part => part != ""));
        await Print($"\nFAILED {Name(node)}\n{text}", cancellationToken);
    }

    /// <summary>A line of a stack without the number that NUnit puts before an assertion's first.</summary>
    private static string Frame(string line) => StackNumber().Replace(line.TrimEnd(), "");

    [GeneratedRegex(@"^\d+\)")]
    private static partial Regex StackNumber();

    /// <summary>The test with its fixture, where the platform was told it.</summary>
    private static string Name(TestNode node) =>
        node.Properties.SingleOrDefault<TestMethodIdentifierProperty>() is { } method
            ? $"{method.TypeName}.{node.DisplayName}"
            : node.DisplayName;

    private Task Print(string text, CancellationToken cancellationToken) =>
        _output.DisplayAsync(this, new TextOutputDeviceData(text), cancellationToken);
}
