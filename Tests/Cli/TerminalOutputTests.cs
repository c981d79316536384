using GpuCnn.Cli;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

/// <summary>What reaches a terminal: no commands from names, and lines that fit.</summary>
public sealed class TerminalOutputTests
{
    private const int Columns = 80;

    [TestCase("plain text, ñ図 \U0001F600\twith a tab\n", "plain text, ñ図 \U0001F600\twith a tab\n")]
    [TestCase("\e[31mred\e[0m", "\\u001b[31mred\\u001b[0m", TestName = "{m}(colors)")]
    [TestCase("bell\a back\b zero\0 delete\u007f", "bell\\u0007 back\\u0008 zero\\u0000 delete\\u007f",
        TestName = "{m}(bell, back, zero, delete)")]
    [TestCase("8-bit \u009b2J", "8-bit \\u009b2J", TestName = "{m}(8-bit)")]
    [TestCase("turned \u202egpj.exe\u2066", "turned \\u202egpj.exe\\u2066")]
    [TestCase("over\rwritten", "over\\u000dwritten")]
    [TestCase("\rprogress of a line\r", "\rprogress of a line\r")]
    [TestCase("dos\r\nlines\r\n", "dos\r\nlines\r\n")]
    public void ControlCharactersAreSpelledOut(string text, string shown)
    {
        Assert.That(PlainTextWriter.Escape(text), Is.EqualTo(shown));
        using StringWriter inner = new(), same = new();
        using var writer = new PlainTextWriter(inner, "Output", int.MaxValue);
        writer.Write(text);
        writer.WriteLine(text);
        writer.Write(text.AsSpan());
        same.Write(shown);
        same.WriteLine(shown);
        same.Write(shown);
        Assert.That(inner.ToString(), Is.EqualTo(same.ToString()));
    }

    /// <summary>Classes and files with escape codes in their names, through the commands that print them.</summary>
    [Test]
    [Platform(Exclude = "Win")]
    public void NamesCannotCommandTheTerminal()
    {
        const string Class = "\e]0;title\a\e[31mred", Shown = "\\u001b]0;title\\u0007\\u001b[31mred";
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder, "da\e[2Jta", train: 4, validation: 2);
        foreach (string split in (string[])["train", "val"])
            Directory.Move(Path.Combine(data, split, "red"), Path.Combine(data, split, Class));
        string[] training = ["train", "--model", "smallcnn", "--data", data, "--input", "3x16x16", "--batch", "4", "--steps", "1"];
        var outputs = new List<CommandResult> { CommandLine.Succeed([.. training, "--out", folder["run\e[1m"]]) };
        string weights = folder["run\e[1m", "final.safetensors"], image = Path.Combine(data, "val", Class, "00.png");
        Assert.That(ModelFile.Load(weights).Metadata.Classes, Does.Contain(Class));
        outputs.Add(CommandLine.Succeed("eval", "--weights", weights, "--data", data));
        outputs.Add(CommandLine.Succeed("predict", "--weights", weights, image, "--top", "3", "--logits"));
        outputs.Add(CommandLine.Succeed("predict", "--weights", weights, image, "--json"));
        outputs.Add(CommandLine.Run("data", "check", data));
        outputs.Add(CommandLine.Run("predict", "--weights", weights, image + "\e[5m"));
        outputs.Add(CommandLine.Run("train", "--data", data + "\e[5m"));
        outputs.Add(CommandLine.Run("summary", "\e[5mlenet"));
        foreach (CommandResult output in outputs)
            Assert.That((output.Output + output.Error).Where(char.IsControl), Is.All.EqualTo('\n').Or.EqualTo('\r').Or.EqualTo('\t'));
        Assert.That(outputs[4].Output, Does.Contain(Shown));
        Assert.That(outputs[3].Json[0].GetProperty("predictions").EnumerateArray()
            .Select(row => row.GetProperty("class").GetString()), Does.Contain(Class), "JSON keeps the name");
    }

    [TestCase("models")]
    [TestCase("devices")]
    [TestCase("kernels list")]
    [TestCase("summary lenet5")]
    [TestCase("summary googlenet")]
    [TestCase("summary densenet121 --batch 1")]
    [TestCase("summary resnet50 --input 3x1024x768 --batch 1")]
    [TestCase("bench --models lenet5,mlp --batch 2 --device cpu")]
    public void TablesFitTheTerminal(string line)
    {
        string[] args = line.Split(' ');
        CommandResult narrow = CommandLine.Run(host => host with { Width = Columns }, args);
        Assert.That(narrow.Code, Is.EqualTo(Program.Done), narrow.Error);
        Fits(narrow.Output);
        // Nothing is left out: only the breaks differ.
        if (args[0] != "bench") Assert.That(Words(narrow.Output), Is.EquivalentTo(Words(CommandLine.Succeed(args).Output)));
    }

    [TestCase("")]
    [TestCase("train")]
    [TestCase("eval")]
    [TestCase("predict")]
    [TestCase("import")]
    [TestCase("data")]
    [TestCase("data preview")]
    [TestCase("data bench")]
    [TestCase("bench")]
    [TestCase("summary")]
    [TestCase("kernels show")]
    public void HelpFitsTheTerminal(string command)
    {
        string[] args = [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"];
        CommandResult narrow = CommandLine.Run(host => host with { Width = Columns }, args);
        Fits(narrow.Output);
        Assert.That(Words(narrow.Output), Is.EquivalentTo(Words(CommandLine.Succeed(args).Output)));
    }

    [Test]
    public void ATableOfAnyWidthKeepsItsCells([Values(40, 50, 79, 200)] int width)
    {
        var table = new TextTable("name", ">number", "what", "more");
        table.Add("short", "1", "a few words of text that go on", "x");
        table.Add(new string('n', 90), "123,456", "", "two\nlines");
        using var output = new StringWriter();
        using (var plain = new PlainTextWriter(output, null, width)) table.Write(plain);
        string[] lines = output.ToString().TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.That(lines.Select(line => line.Length), Is.All.LessThanOrEqualTo(width));
        string text = string.Concat(lines.Select(line => line.Replace(" ", "")));
        foreach (string cell in (string[])["short", "123,456", "afewwordsoftextthatgoon", @"two\nlines"])
            Assert.That(text, Does.Contain(cell));
        Assert.That(text.Count(c => c == 'n'), Is.GreaterThanOrEqualTo(90));
    }

    private static string[] Words(string text) => text.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    private static void Fits(string text)
    {
        // An address that is broken leads nowhere.
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n').Where(line => !line.Trim().StartsWith("https://")))
            Assert.That(line, Has.Length.LessThanOrEqualTo(Columns));
    }
}
