using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using GpuCnn.Cli.Commands;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Cli;

/// <summary>Holds the commands, and explains lines that are none of them.</summary>
internal static class CommandTree
{
    // Beginnings of System.CommandLine's own messages; the other messages come from the options.
    private const string UnknownPrefix = "Unrecognized command or argument '", MissingPrefix = "Required argument missing for command";

    public static string Version { get; } =
        typeof(CommandTree).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static int Run(IReadOnlyList<string> args, CommandHost host)
    {
        RootCommand root = Create(host);
        if (args.FirstOrDefault(arg => arg.Contains('\0')) is { } broken)
            throw new UsageException($"gpucnn expects text, but got '{broken}' with a zero byte in it. See gpucnn --help.");
        if (AsksForHelp(root, [.. args]) is { } help) args = help;
        // Without response files and bundles: an @ in a path is an @, and -lr is a misspelt --lr.
        ParseResult parsed = root.Parse(args, new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Errors.Count > 0) throw new UsageException(Explain(parsed));
        if (host.Launch is { } launch) CheckRanks(parsed, launch);
        return parsed.Invoke(new()
        {
            Output = host.Output,
            Error = host.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>
    /// Refuses ranks of a command that works in one process. They may have been started to do a part each, as in a job of Slurm: one of
    /// them must not stand for all, nor each repeat what rank 0 says.
    /// </summary>
    private static void CheckRanks(ParseResult parsed, Launch launch)
    {
        Command command = parsed.CommandResult.Command;
        bool isHelp = parsed.Action != command.Action;
        bool takesRanks = command.Name == TrainCommand.Name || command.Options.Any(option => option.Name == "--distributed"
            && parsed.IsGiven(option));
        if (isHelp || takesRanks || command.Action is null or GroupedHelp) return;
        throw new UsageException($"{FullName(parsed.CommandResult)} works in one process, but a launcher has started "
            + $"{launch.Size?.ToString(CultureInfo.InvariantCulture) ?? "several"}; start it without the launcher, or give "
            + $"{Options.NoMpiName} to let each process work by itself.");
    }

    /// <summary><c>help train</c> and <c>train help</c> as <c>train --help</c>; null for other lines.</summary>
    private static IReadOnlyList<string>? AsksForHelp(Command root, string[] args)
    {
        string[] path = args is ["help", .. var after] ? after : args is [.. var before, "help"] ? before : [];
        if (path.Length == 0) return args is ["help"] ? ["--help"] : null;
        Command? command = root;
        foreach (string name in path) command = command?.Subcommands.FirstOrDefault(sub => sub.Name == name);
        // A command with arguments may be given a file of this name.
        return command is null || (args[0] != "help" && command.Arguments.Count > 0) ? args[0] == "help" ? path : null
            : [.. path, "--help"];
    }

    internal static RootCommand Create(CommandHost host)
    {
        var root = new RootCommand(
            "Trains convolutional networks for images, on a GPU or on the CPU. `gpucnn train` alone shows how it works.")
        {
            TrainCommand.Create(host),
            LrFindCommand.Create(host),
            EvalCommand.Create(host),
            ReportCommand.Create(host),
            PredictCommand.Create(host),
            SummaryCommand.Create(host),
            ModelsCommand.Create(host),
            DevicesCommand.Create(host),
            BenchCommand.Create(host),
            TuneCommand.Create(host),
            ExplainCommand.Create(host),
            ProfileCommand.Create(host),
            ImportCommand.Create(host),
            ExportCommand.Create(host),
            DataCommand.Create(host),
            FilterCommand.Create(host),
            KernelsCommand.Create(host),
        };
        root.Options.Add(Options.NoMpi);
        var help = new GroupedHelp(host.Width);
        root.SetAction(help.Invoke);
        root.Options.OfType<HelpOption>().Single().Action = help;
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction();
        return root;
    }

    /// <summary>Explains the first error on one line, with near names and the place of help.</summary>
    private static string Explain(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string name = FullName(parsed.CommandResult), error = parsed.Errors[0].Message.TrimEnd('.');
        // Of several errors, an unknown name is the cause and the others follow from it.
        if (parsed.UnmatchedTokens is [var unknown, ..]) error = NearMiss.Explain(parsed, name, unknown);
        else if (error.StartsWith(UnknownPrefix, StringComparison.Ordinal))
            error = $"{name} does not know {error[(UnknownPrefix.Length - 1)..]}.";
        else if (command.Action is null && command.Subcommands.Count > 0)
            error = $"{name} expects one of {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}.";
        else if (error.StartsWith(MissingPrefix, StringComparison.Ordinal)
            && command.Arguments.FirstOrDefault(argument => IsMissing(parsed, argument)) is { } missing)
            error = $"{name} expects {missing.Name}: {missing.Description}".TrimEnd('.') + ".";
        else if (!error.EndsWith('?')) error += ".";
        return $"{error} See {name} --help.";
    }

    private static bool IsMissing(ParseResult parsed, Argument argument) => parsed.GetResult(argument) is not { Tokens.Count: > 0 };

    private static string FullName(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{FullName(parent)} {result.Command.Name}" : "gpucnn";

    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"gpucnn {Version}");
            return Program.Done;
        }
    }
}
