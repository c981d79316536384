using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Training;
using GpuCnn.Reports;

namespace GpuCnn.Cli.Commands;

/// <summary>The files that <c>gpucnn eval</c> writes on demand, and their options.</summary>
internal sealed class EvalOutputs
{
    private const string DefaultReport = "evaluation.html";

    private readonly Option<string?> _report = new("--report")
    {
        Description = $"Page with the confusion matrix, classes and mistakes. [default: {DefaultReport}]",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result => result.Tokens.Count == 0 ? DefaultReport : result.Tokens[0].Value,
        Validators =
        {
            result =>
            {
                if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError("--report expects FILE, but got nothing.");
            },
        },
    };

    private readonly Option<string?> _confusion = Options.Text("--confusion", "FILE",
        "CSV file of the confusion matrix: a row for each label, a column for each prediction.");

    private readonly Option<string?> _predictions = Options.Text("--predictions", "FILE",
        "CSV file with a row for each image: file, label, prediction, probability and the five likeliest classes.");

    public IEnumerable<Option> All => [_report, _confusion, _predictions];

    public void Write(
        ParseResult parsed, TextWriter output, EvaluationResult result, Judgement judgement, ImageSplit split,
        IReadOnlyList<(string Name, string Value)> facts)
    {
        List<string> written = [];
        if (parsed.GetValue(_report) is { } report)
        {
            EvaluationPage.Of($"Evaluation of {Path.GetFileName(facts[1].Value)}", result, judgement, split, facts).Save(report);
            written.Add(report);
        }
        if (parsed.GetValue(_confusion) is { } confusion)
        {
            JudgementFiles.SaveConfusion(confusion, judgement);
            written.Add(confusion);
        }
        if (parsed.GetValue(_predictions) is { } predictions)
        {
            JudgementFiles.SavePredictions(predictions, judgement, split.Name);
            written.Add(predictions);
        }
        if (written.Count > 0) output.WriteLine($"\nWritten {string.Join(", ", written.Select(ShownPath.Of))}");
    }
}
