using System.Text.Json;
using GpuCnn.Cli;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

/// <summary>What a command came to.</summary>
internal sealed record CommandResult(int Code, string Output, string Error)
{
    /// <summary>The output as JSON, whatever follows it being a failure.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;
}

/// <summary>Runs commands within the test's process.</summary>
internal static class CommandLine
{
    public static CommandResult Run(params string[] args) => Run(host => host, args);

    public static CommandResult Run(Func<CommandHost, CommandHost> change, params string[] args)
    {
        using StringWriter output = new(), error = new();
        int code = Program.Run(args, change(new(output, error)));
        return new(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that does its work and says nothing on standard error.</summary>
    public static CommandResult Succeed(params string[] args)
    {
        CommandResult result = Run(args);
        Assert.That(result.Error, Is.Empty);
        Assert.That(result.Code, Is.EqualTo(Program.Done));
        return result;
    }

    /// <summary>Runs a command that fails with one line on standard error, which names all of <paramref name="parts"/>.</summary>
    public static string Fail(int code, string[] args, params string[] parts)
    {
        CommandResult result = Run(args);
        string line = Line(result);
        foreach (string part in parts) Assert.That(line, Does.Contain(part));
        Assert.That(result.Code, Is.EqualTo(code), line);
        return line;
    }

    /// <summary>The one line of standard error.</summary>
    public static string Line(CommandResult result)
    {
        Assert.That(result.Error.Trim().Split('\n'), Has.Length.EqualTo(1), result.Error);
        Assert.That(result.Error.Trim(), Is.Not.Empty, result.Output);
        Assert.That(result.Error, Does.Not.Contain("   at ").And.Not.Contain("please report"));
        return result.Error.Trim();
    }

    /// <summary>Asserts the names of an object's properties, in their order.</summary>
    public static void HasProperties(JsonElement element, params string[] names) =>
        Assert.That(element.EnumerateObject().Select(property => property.Name), Is.EqualTo(names));
}
