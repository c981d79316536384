using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using GpuCnn.Cli.Commands;
using GpuCnn.Engine;

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
        // Without response files and bundles: an @ in a path is an @, and -lr is a misspelt --lr.
        ParseResult parsed = Create(host).Parse(args, new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Errors.Count > 0) throw new UsageException(Explain(parsed));
        return parsed.Invoke(new()
        {
            Output = host.Output,
            Error = host.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    private static RootCommand Create(CommandHost host)
    {
        var root = new RootCommand(
            "Trains convolutional networks for images, on a GPU or on the CPU. `gpucnn train` alone shows how it works.")
        {
            TrainCommand.Create(host),
            EvalCommand.Create(host),
            PredictCommand.Create(host),
            SummaryCommand.Create(host),
            ModelsCommand.Create(host),
            DevicesCommand.Create(host),
            BenchCommand.Create(host),
            TuneCommand.Create(host),
            ImportCommand.Create(host),
            DataCommand.Create(host),
            FilterCommand.Create(host),
            KernelsCommand.Create(host),
        };
        var help = new GroupedHelp();
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
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            IEnumerable<string> candidates = command.Subcommands.Select(sub => sub.Name)
                .Concat(command.Options.Concat(parsed.RootCommandResult.Command.Options.Where(option => option.Recursive))
                .Select(option => option.Name));
            bool isOption = unknown.StartsWith('-');
            // The dashes would make any two short options alike.
            IEnumerable<string> near = NearNames.Of(unknown.TrimStart('-'),
                candidates.Where(candidate => candidate.StartsWith('-') == isOption).Select(candidate => candidate.TrimStart('-')))
                .Select(candidate => isOption ? $"--{candidate}" : candidate);
            error = $"{name} does not know '{unknown}'" + (near.Any() ? $"; did you mean {string.Join(" or ", near)}?" : ".");
        }
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
