using System.Globalization;
using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Data;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Images that <c>predict</c> takes, and what it writes of them.</summary>
public sealed class PredictTests
{
    private readonly TemporaryFolder _folder = new();
    private string _weights = "", _images = "";
    private string[] _files = [];

    [OneTimeSetUp]
    public void Train()
    {
        string data = TinyData.Write(_folder);
        Succeed("train", "--model", "smallcnn", "--input", "3x16x16", "--data", data, "--batch", "6", "--steps", "2", "--out",
            _folder["run"]);
        _weights = _folder["run", "final.safetensors"];
        _images = _folder["data", "val"];
        _files = [.. Directory.GetFiles(_images, "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    /// <summary>A folder, its files, a pattern, and names on standard input give one and the same.</summary>
    [Test]
    public void AllWaysToNameImagesGiveTheSame([Values("--json", "--csv", "--logits")] string form, [Values(1, 5, 32)] int batch)
    {
        string[] options = ["--weights", _weights, form, "--batch", $"{batch}"];
        string folder = Succeed(["predict", .. options, _images]).Output;
        Assert.That(Succeed(["predict", .. options, .. _files]).Output, Is.EqualTo(folder));
        Assert.That(Succeed(["predict", .. options, Path.Join(_images, "*", "*.png")]).Output, Is.EqualTo(folder));
        Assert.That(Succeed(["predict", .. options, Path.Join(_images, "**", "0?.png")]).Output, Is.EqualTo(folder));
        Assert.That(Succeed(["predict", .. options, Path.Join(_images, "*")]).Output, Is.EqualTo(folder), "folders that match");
        Assert.That(Piped(string.Join('\n', _files), [.. options, "-"]), Is.EqualTo(folder), "no line feed at the end");
        Assert.That(Piped(string.Join("\r\n", _files) + "\r\n\r\n", [.. options, "-"]), Is.EqualTo(folder), "Windows' lines");
        Assert.That(Piped(string.Join('\0', _files) + "\0", [.. options, "-0", "-"]), Is.EqualTo(folder), "print0");
        string both = Piped(string.Join('\n', _files[1..^1]), [.. options, _files[0], "-", _files[^1]]);
        Assert.That(both, Is.EqualTo(folder), "files before and after standard input");
    }

    [Test]
    public void CsvHasAHeaderAndTheNumbersOfJson([Values] bool withLogits, [Values(1, 2, 5)] int top)
    {
        string[] options = ["--weights", _weights, "--top", $"{top}", .. withLogits ? (string[])["--logits"] : [], _images];
        IReadOnlyList<string>[] rows = [.. CsvText.Rows(Succeed(["predict", "--csv", .. options]).Output)];
        JsonElement[] expected = [.. Succeed(["predict", "--json", .. options]).Json.EnumerateArray()];
        string[] header = ["file", "class", "index", "probability"];
        for (int rank = 2; rank <= Math.Min(top, 3); rank++) header = [.. header, $"class_{rank}", $"index_{rank}", $"probability_{rank}"];
        if (withLogits) header = [.. header, .. TinyData.Classes.Select(name => $"logit {name}")];
        Assert.That(rows[0], Is.EqualTo(header));
        Assert.That(rows, Has.Length.EqualTo(1 + _files.Length));
        foreach ((IReadOnlyList<string> row, JsonElement image) in rows.Skip(1).Zip(expected))
        {
            List<string> fields = [image.GetProperty("file").GetString()!];
            foreach (JsonElement one in image.GetProperty("predictions").EnumerateArray())
                fields.AddRange([one.GetProperty("class").GetString()!, Text(one.GetProperty("index").GetInt32()),
                    Text(one.GetProperty("probability").GetDouble())]);
            if (withLogits) fields.AddRange(image.GetProperty("logits").EnumerateArray().Select(logit => Text(logit.GetSingle())));
            Assert.That(row, Is.EqualTo(fields));
        }

        static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
    }

    [Test]
    public void NamesWithCommasQuotesAndLineBreaksAreOneField()
    {
        if (OperatingSystem.IsWindows()) Assert.Ignore("Windows has no such names.");
        string odd = _folder["odd", "a, \"b\"\nc.png"];
        Directory.CreateDirectory(_folder["odd"]);
        File.Copy(_files[0], odd);
        string csv = Succeed("predict", "--weights", _weights, "--csv", "--top", "1", _folder["odd"]).Output;
        Assert.That(CsvText.Rows(csv).Last()[0], Is.EqualTo(odd));
        Assert.That(Piped($"{odd}\0", ["--weights", _weights, "--csv", "--top", "1", "--null", "-"]), Is.EqualTo(csv));
        Assert.That(Succeed("predict", "--weights", _weights, _folder["odd"]).Output, Does.StartWith(odd.Replace('\n', '?')));
    }

    /// <summary>Results of a batch are written before the names of the next are there.</summary>
    [Test, CancelAfter(60_000)]
    public void ResultsAreWrittenWhileNamesAreStillWaitedFor()
    {
        using var names = new SlowReader([.. _files.Take(2)]);
        using StringWriter output = new(), error = new();
        Task<int> command = Task.Run(() => Program.Run(["predict", "--weights", _weights, "--csv", "--batch", "2", "-"],
            new(output, error) { Input = names }));
        while (!Text().Contains(_files[1]) && !command.IsCompleted) Thread.Sleep(10);
        Assert.That(command.IsCompleted, Is.False, error.ToString());
        names.End();
        Assert.That(command.Result, Is.EqualTo(Program.Done), error.ToString());
        Assert.That(CsvText.Rows(Text()).Count(), Is.EqualTo(3));

        string Text()
        {
            try
            {
                return output.ToString();
            }
            // It was written to meanwhile.
            catch (ArgumentOutOfRangeException)
            {
                return "";
            }
        }
    }

    [Test]
    public void WhatCannotBeReadIsNamedCountedAndLeftOut()
    {
        string bad = _folder.Add("no picture"u8.ToArray(), "bad", "bad.png");
        CommandResult result = Run("predict", "--weights", _weights, "--json", _files[0], bad, _folder["none.png"], _folder["no*.png"],
            _files[1]);
        Assert.That(result.Code, Is.EqualTo(Program.Failed));
        Assert.That(result.Json.EnumerateArray().Select(row => row.GetProperty("file").GetString()), Is.EqualTo(_files[..2]));
        string[] lines = result.Error.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(4));
        Assert.That(lines[0], Does.Contain("no*.png").And.Contain("matches no file"));
        Assert.That(lines[1], Does.Contain("bad.png"));
        Assert.That(lines[2], Does.Contain("none.png"));
        Assert.That(lines[3], Is.EqualTo("Left out 3 of 5, as said above."));

        Directory.CreateDirectory(_folder["empty"]);
        result = Run("predict", "--weights", _weights, "--json", _folder["empty"], _files[0]);
        Assert.That(Line(result), Does.Contain("empty").And.Contain("holds no images"));
        Assert.That((result.Code, result.Json.GetArrayLength()), Is.EqualTo((Program.Failed, 1)));
        result = Run("predict", "--weights", _weights, "--json", bad);
        Assert.That((result.Code, result.Json.GetArrayLength()), Is.EqualTo((Program.Failed, 0)));
    }

    [Test]
    public void StandardInputWithoutNamesIsRefused()
    {
        CommandResult result = Run(host => host with { Input = new StringReader("\n\r\n") }, "predict", "--weights", _weights, "-");
        Assert.That(Line(result), Does.Contain("Standard input named no images"));
        Assert.That((result.Code, result.Output), Is.EqualTo((Program.Failed, "")));
    }

    [Test]
    public void ContradictionsAreRefused()
    {
        Fail(Program.WrongUsage, ["predict", "--weights", _weights, "--csv", "--json", _images], "--csv and --json");
        Fail(Program.WrongUsage, ["predict", "--weights", _weights, "-", "-"], "standard input once");
        Fail(Program.WrongUsage, ["predict", "--weights", _weights, "--null", _images], "--null");
        Fail(Program.WrongUsage, ["predict", "--weights", _weights, "--batch", "0", _images], "--batch");
    }

    /// <summary>Progress is on standard error, and only where that is a terminal and the results go elsewhere.</summary>
    [Test]
    public void ProgressIsShownWhereNobodySeesTheResults([Values] bool error, [Values] bool output)
    {
        string[] many = [.. Enumerable.Repeat(_images, 400)];
        CommandResult result = Run(host => host with { IsErrorTerminal = error, IsTerminal = output },
            ["predict", "--weights", _weights, "--csv", .. many]);
        Assert.That(result.Code, Is.EqualTo(Program.Done));
        Assert.That(result.Error, error && !output ? Does.Match(@"\r[\d,]+ of 4,800 images, [\d,.]+ a second, \d:\d\d left") : Is.Empty);
        Assert.That(CsvText.Rows(result.Output).Count(), Is.EqualTo(4801));
    }

    private static string Piped(string input, string[] args)
    {
        CommandResult result = Run(host => host with { Input = new StringReader(input) }, ["predict", .. args]);
        Assert.That((result.Code, result.Error), Is.EqualTo((Program.Done, "")));
        return result.Output;
    }

    /// <summary>Gives some lines at once, and ends when it is told to.</summary>
    private sealed class SlowReader(string[] lines) : TextReader
    {
        private readonly StringReader _lines = new(string.Concat(lines.Select(line => $"{line}\n")));
        private readonly ManualResetEventSlim _end = new();

        public override int Read()
        {
            if (_lines.Read() is >= 0 and var next) return next;
            _end.Wait();
            return -1;
        }

        public void End() => _end.Set();
    }
}
