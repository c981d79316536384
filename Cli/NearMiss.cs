using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Engine;
using GpuCnn.Models;

namespace GpuCnn.Cli;

/// <summary>What somebody may have meant by a word that a command does not know: another command's, a model, a path, a near name.</summary>
internal static class NearMiss
{
    // Names that other programs of this kind use.
    private static readonly Dictionary<string, string> Elsewhere = new(StringComparer.OrdinalIgnoreCase)
    {
        ["arch"] = "model",
        ["net"] = "model",
        ["network"] = "model",
        ["learning-rate"] = "lr",
        ["batch-size"] = "batch",
        ["wd"] = "weight-decay",
        ["num-workers"] = "workers",
        ["jobs"] = "workers",
        ["dataset"] = "data",
        ["data-dir"] = "data",
        ["gpu"] = "device",
        ["cuda"] = "device",
        ["output"] = "out",
        ["output-dir"] = "out",
        ["pretrained"] = "weights",
        ["checkpoint"] = "weights",
        ["image-size"] = "crop",
        ["img-size"] = "crop",
        ["opt"] = "optimizer",
        ["sched"] = "schedule",
        ["num-epochs"] = "epochs",
        ["max-steps"] = "steps",
        ["topk"] = "top",
    };

    /// <summary>The message for an unknown word: that it is unknown, and what to write in its place.</summary>
    /// <param name="name">Full name of the command, with the program's.</param>
    public static string Explain(ParseResult parsed, string name, string unknown)
    {
        Command command = parsed.CommandResult.Command;
        RootCommand root = (RootCommand)parsed.RootCommandResult.Command;
        string word = unknown.TrimStart('-').Split('=')[0];
        bool isOption = unknown.StartsWith('-');
        return $"{name} does not know '{unknown}'" + (Meant(parsed, command, root, name, word, isOption) is { } meant ? $"; {meant}" : ".");
    }

    private static string? Meant(ParseResult parsed, Command command, RootCommand root, string name, string word, bool isOption)
    {
        IEnumerable<Option> known = command.Options.Concat(root.Options.Where(option => option.Recursive));
        if (isOption && Elsewhere.GetValueOrDefault(word) is { } here && known.Any(option => option.Name == $"--{here}"))
            return $"did you mean --{here}?";
        string[] near = [.. Near(command, known, word, isOption)];
        if ((command == root || !isOption || near.Length == 0) && Model(word) is { } model)
            return command == root ? $"{model} is a model: gpucnn train --model {model} trains it, gpucnn summary {model} shows it."
                : Find(command, "--model") is not null ? $"a model is given by --model: {name} --model {model}."
                : Find(command, "--models") is not null ? $"models are given by --models: {name} --models {model}."
                : command.Arguments.Any(argument => argument.Name == "MODEL") ? $"the model stands by itself: {name} {model}." : null;
        if (!isOption && Find(command, "--weights") is not null && word.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return $"weights are given by --weights: {name} --weights {Words.Quote(word)}.";
        if (!isOption && Find(command, "--data") is not null && (Path.Exists(word) || word.Contains('/')))
            return $"a data set is given by --data: {name} --data {Words.Quote(word)}.";
        if (near.Length > 0) return $"did you mean {string.Join(" or ", near)}?";
        if (!isOption) return null;
        string[] others = [.. All(root, "gpucnn").Where(other => Find(other.Command, $"--{word}") is not null).Select(other => other.Name)];
        return others.Length switch
        {
            0 => null,
            _ when command == root => $"--{word} follows a command: {others[0]} --{word}"
                + $"{(Value(parsed) is { } value ? $" {Words.Quote(value)}" : "")}.",
            _ => $"--{word} belongs to {string.Join(", ", others)}.",
        };
    }

    /// <summary>The name of a model that a word is, or nearly is: lenet of lenet5.</summary>
    private static string? Model(string word) =>
        word.Length < 3 ? null : Architecture.All.FirstOrDefault(known => known.Name.Equals(word, StringComparison.OrdinalIgnoreCase))?.Name
            ?? Architecture.All.FirstOrDefault(known => known.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase))?.Name;

    private static IEnumerable<string> Near(Command command, IEnumerable<Option> known, string word, bool isOption)
    {
        IEnumerable<string> candidates = isOption ? known.Select(option => option.Name.TrimStart('-'))
            : command.Subcommands.Select(sub => sub.Name);
        candidates = candidates.Distinct();
        // The dashes would make any two short options alike.
        return NearNames.Of(word, candidates).Select(candidate => isOption ? $"--{candidate}" : candidate);
    }

    /// <summary>The word after the unknown option.</summary>
    private static string? Value(ParseResult parsed) =>
        parsed.UnmatchedTokens is [var option, ..] && option.Split('=', 2) is [_, var given] ? given
        : parsed.UnmatchedTokens is [_, var next, ..] && !next.StartsWith('-') ? next : null;

    private static Option? Find(Command command, string option) => command.Options.FirstOrDefault(known => known.Name == option);

    private static IEnumerable<(Command Command, string Name)> All(Command command, string name) => command.Subcommands.SelectMany(sub =>
        All(sub, $"{name} {sub.Name}").Prepend((sub, $"{name} {sub.Name}")));
}
