using GpuCnn.Cli.Output;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli;

/// <summary>The surroundings of a command: its output, and the token that stops it. Tests make their own.</summary>
internal sealed record CommandHost(TextWriter Output, TextWriter Error)
{
    /// <summary>Standard input.</summary>
    public TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Whether <see cref="Error"/> is a terminal that understands cursor movements.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Whether <see cref="Output"/> is a terminal that understands cursor movements.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Whether plots are drawn in ASCII: <c>NO_COLOR</c> is set, or the console does not take UTF-8.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Characters of a line; a file takes any.</summary>
    public int Width { get; init; } = int.MaxValue;

    /// <summary>The output as the displays use it that move the cursor: nothing is escaped.</summary>
    public TextWriter Terminal => Output is PlainTextWriter plain ? plain.Inner : Output;

    /// <summary>How a launcher started the process together with others, of which rank 0 speaks; null where it is by itself.</summary>
    public Launch? Launch { get; init; }

    /// <summary>Joins the other ranks that the launcher started.</summary>
    public Func<Communicator> Join { get; init; } = Communicator.Join;

    /// <summary>Standard error, also on ranks that do not speak: for what they alone know.</summary>
    public TextWriter OwnError { get => field ?? Error; init; }

    /// <summary>Whether the process is the command's own, so that it may listen for Ctrl-C and SIGTERM.</summary>
    public bool OwnsProcess { get; init; }

    /// <summary>Stops a training run after its step, with a checkpoint.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Follows a training run, beside the display.</summary>
    public ITrainingObserver? Observer { get; init; }

    /// <summary>The host of the process: the console.</summary>
    public static CommandHost Console => new(System.Console.Out, System.Console.Error)
    {
        Width = IsStartedByLauncher ? int.MaxValue : ConsoleWidth(),
        Input = System.Console.In,
        IsErrorTerminal = !System.Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb",
        IsTerminal = !System.Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb",
        IsPlain = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            || System.Console.OutputEncoding.CodePage != System.Text.Encoding.UTF8.CodePage,
        OwnsProcess = true,
        Launch = Launch.Find(),
    };

    /// <summary>Whether mpirun or its like started the process, with others or alone: it passes on what is written.</summary>
    public static bool IsStartedByLauncher =>
        Launch.Find() is not null || Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_SIZE") is not null;

    /// <summary>This host with outputs that no name can send commands through.</summary>
    public CommandHost WithPlainText() => this with
    {
        Output = new PlainTextWriter(Output, "Standard output", Width),
        Error = new PlainTextWriter(Error, name: null, int.MaxValue),
    };

    /// <summary>This host with outputs that go nowhere.</summary>
    public CommandHost WithoutOutput() => this with
    {
        OwnError = Error,
        Output = TextWriter.Null,
        Error = TextWriter.Null,
        IsTerminal = false,
        IsErrorTerminal = false,
    };

    /// <summary>This host with outputs that drop what is written after their other end is gone.</summary>
    public CommandHost WithSteadyOutput() => this with { Output = Steady(Output), Error = Steady(Error) };

    private static TextWriter Steady(TextWriter writer) =>
        writer is PlainTextWriter plain ? plain.Over(new SteadyWriter(plain.Inner)) : new SteadyWriter(writer);

    private static int ConsoleWidth()
    {
        const int Usual = 80;
        if (System.Console.IsOutputRedirected) return int.MaxValue;
        // A terminal that does not tell says 0.
        int width = System.Console.WindowWidth;
        return width > 0 ? width : Usual;
    }
}
