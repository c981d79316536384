using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using GpuCnn.Cli.Output;

namespace GpuCnn.Cli;

/// <summary>Options that help lists under one heading.</summary>
internal sealed record OptionGroup(string Title, IReadOnlyList<Option> Options);

/// <summary>A command whose help has headings.</summary>
internal sealed class GroupedCommand : Command
{
    public GroupedCommand(string name, string description, params IReadOnlyList<OptionGroup> groups) : base(name, description)
    {
        Groups = groups;
        // Recursive ones belong to the commands above.
        foreach (Option option in groups.SelectMany(group => group.Options).Where(option => !option.Recursive)) Options.Add(option);
    }

    public IReadOnlyList<OptionGroup> Groups { get; }
}

/// <summary>Help with a heading for each group of options, for commands that have groups.</summary>
/// <param name="width">Characters of a line.</param>
internal sealed class GroupedHelp(int width) : SynchronousCommandLineAction
{
    private const int Indent = 2, Gap = 2, LeastWidth = 30;

    private readonly HelpAction _plain = new() { MaxWidth = width };

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not GroupedCommand command) return InvokePlain(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Description:");
        LineWrap.Write(output, $"  {command.Description}");
        output.WriteLine($"\nUsage:\n  gpucnn {command.Name} [options]");
        string[][] names = [.. command.Groups.Select(group => group.Options.Select(Name).ToArray())];
        int column = Indent + names.SelectMany(group => group).Max(name => name.Length) + Gap;
        foreach ((OptionGroup group, string[] rows) in command.Groups.Zip(names))
        {
            output.WriteLine($"\n{group.Title}:");
            foreach ((string name, Option option) in rows.Zip(group.Options))
            {
                // Long names leave no room beside them on a narrow terminal.
                if (width - column < LeastWidth)
                {
                    output.WriteLine(new string(' ', Indent) + name);
                    LineWrap.Write(output, new string(' ', 3 * Indent) + option.Description);
                    continue;
                }
                IReadOnlyList<string> lines = LineWrap.Of(option.Description ?? "", width == int.MaxValue ? width : width - column);
                output.WriteLine($"{new string(' ', Indent)}{name.PadRight(column - Indent)}{lines[0]}");
                foreach (string line in lines.Skip(1)) output.WriteLine(new string(' ', column) + line);
            }
        }
        return Program.Done;
    }

    /// <summary>Writes the library's help, without the arguments of the commands above: they do not go with a subcommand.</summary>
    private int InvokePlain(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Parent is not CommandResult { Command: { Arguments.Count: > 0 } above })
            return _plain.Invoke(parseResult);
        Argument[] arguments = [.. above.Arguments];
        above.Arguments.Clear();
        int code = _plain.Invoke(parseResult);
        foreach (Argument argument in arguments) above.Arguments.Add(argument);
        return code;
    }

    private static string Name(Option option) => option.HelpName is { } placeholder ? $"{option.Name} <{placeholder}>" : option.Name;
}
