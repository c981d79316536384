using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace GpuCnn.Cli;

/// <summary>Options that help lists under one heading.</summary>
internal sealed record OptionGroup(string Title, IReadOnlyList<Option> Options);

/// <summary>A command whose help has headings.</summary>
internal sealed class GroupedCommand : Command
{
    public GroupedCommand(string name, string description, params IReadOnlyList<OptionGroup> groups) : base(name, description)
    {
        Groups = groups;
        foreach (Option option in groups.SelectMany(group => group.Options)) Options.Add(option);
    }

    public IReadOnlyList<OptionGroup> Groups { get; }
}

/// <summary>Help with a heading for each group of options, for commands that have groups.</summary>
internal sealed class GroupedHelp : SynchronousCommandLineAction
{
    private const int Indent = 2, Gap = 2, LeastWidth = 30;

    private readonly HelpAction _plain = new();

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not GroupedCommand command) return _plain.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine($"Description:\n  {command.Description}\n\nUsage:\n  gpucnn {command.Name} [options]");
        string[][] names = [.. command.Groups.Select(group => group.Options.Select(Name).ToArray())];
        int column = Indent + names.SelectMany(group => group).Max(name => name.Length) + Gap;
        foreach ((OptionGroup group, string[] rows) in command.Groups.Zip(names))
        {
            output.WriteLine($"\n{group.Title}:");
            foreach ((string name, Option option) in rows.Zip(group.Options))
            {
                string[] lines = [.. Wrap(option.Description ?? "", Width(output) - column)];
                output.WriteLine($"{new string(' ', Indent)}{name.PadRight(column - Indent)}{lines[0]}");
                foreach (string line in lines.Skip(1)) output.WriteLine(new string(' ', column) + line);
            }
        }
        return Program.Done;
    }

    private static string Name(Option option) => option.HelpName is { } placeholder ? $"{option.Name} <{placeholder}>" : option.Name;

    private static int Width(TextWriter output) => ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected
        ? Console.WindowWidth - 1 : int.MaxValue;

    private static IEnumerable<string> Wrap(string text, int width)
    {
        if (width < LeastWidth || text.Length <= width) return [text];
        List<string> lines = [""];
        foreach (string word in text.Split(' '))
        {
            if (lines[^1].Length > 0 && lines[^1].Length + 1 + word.Length > width) lines.Add("");
            lines[^1] += lines[^1].Length == 0 ? word : $" {word}";
        }
        return lines;
    }
}
