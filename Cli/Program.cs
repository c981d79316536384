using GpuCnn.Cli.Training;
using GpuCnn.Engine;

namespace GpuCnn.Cli;

/// <summary>The command line <c>gpucnn</c>.</summary>
internal static class Program
{
    /// <summary>The work was done.</summary>
    public const int Done = 0;

    /// <summary>The work failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int WrongUsage = 2;

    /// <summary>Time for rank 0 to say what other ranks fail by too.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(4);

    public static int Main(string[] args)
    {
        // Open MPI gives each process a terminal of its own, wherever its output goes; .NET would greet it with commands.
        if (CommandHost.IsStartedByLauncher) Environment.SetEnvironmentVariable("TERM", "dumb");
        return Run(args, CommandHost.Console);
    }

    /// <summary>Runs a command and returns its exit code. Every failure is one line on <see cref="CommandHost.Error"/>.</summary>
    public static int Run(IReadOnlyList<string> args, CommandHost host)
    {
        host = host.WithPlainText();
        if (args.Contains(Options.NoMpiName)) host = host with { Launch = null };
        if (host.Launch is { Rank: > 0 }) host = host.WithoutOutput();
        try
        {
            return CommandTree.Run(args, host);
        }
        catch (Exception exception)
        {
            int code = Report(host, exception);
            // A launcher ends all ranks when one has failed: rank 0 has to say it first.
            if (host is { OwnsProcess: true, Launch.Rank: > 0 } && exception is not ReportedException) Thread.Sleep(Turn);
            return code;
        }
    }

    /// <summary>Writes a failure as one line, and returns the exit code that belongs to it.</summary>
    internal static int Report(CommandHost host, Exception exception) => exception switch
    {
        ReportedException reported => reported.ExitCode,
        UsageException => Fail(host, exception, exception.Message, WrongUsage),
        StoppedException stopped => Fail(host, exception, exception.Message, stopped.ExitCode),
        OperationCanceledException => Fail(host, exception, "Interrupted.", Failed),
        _ => Fail(host, exception, Describe(exception), Failed),
    };

    /// <summary>The line that says a failure.</summary>
    internal static string Describe(Exception exception) => exception switch
    {
        _ when IsFolderGone() => "The folder that gpucnn was started in no longer exists; change to another one and start again.",
        GpuCnnException known => Advice.Describe(known),
        AggregateException { InnerExceptions: [GpuCnnException inner, ..] } => Advice.Describe(inner),
        OutOfMemoryException => "There is not enough memory; use a smaller --batch, a smaller --input or a smaller model.",
        // Only sizes are computed with checks.
        OverflowException => "A size is more than 2,147,483,647 values; use a smaller --batch, a smaller --input or fewer --classes.",
        IOException or UnauthorizedAccessException => $"A file could not be read or written: {exception.Message}",
        _ => $"gpucnn failed in a way it should not ({exception.GetType().Name}: {exception.Message}); please report this, "
            + "with the lines that GPUCNN_DEBUG=1 adds.",
    };

    /// <summary>Whether the current folder was deleted. Then relative paths, and some absolute ones, fail.</summary>
    private static bool IsFolderGone()
    {
        try
        {
            return !Directory.Exists(Directory.GetCurrentDirectory());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static int Fail(CommandHost host, Exception exception, string message, int code)
    {
        WriteError(host, message.ReplaceLineEndings(" "));
        if (Environment.GetEnvironmentVariable("GPUCNN_DEBUG") == "1") WriteError(host, $"{exception}");
        return code;
    }

    /// <summary>Writes a line on standard error, if anybody is there to read it.</summary>
    internal static void WriteError(CommandHost host, string line)
    {
        try
        {
            host.Error.WriteLine(line);
        }
        catch (IOException)
        {
            // The terminal is gone; the exit code remains.
        }
    }
}
