namespace GpuCnn.Cli.Prediction;

/// <summary>What is written of an image.</summary>
/// <param name="Logits">Null where they were not asked for.</param>
internal sealed record PredictionRow(string File, IReadOnlyList<PredictedClass> Predictions, IReadOnlyList<float>? Logits)
{
    /// <param name="top">Classes at most.</param>
    public static PredictionRow Of(ImagePrediction prediction, int top, bool withLogits) => new(prediction.Name,
        [.. prediction.Classes.Take(top).Select(best => new PredictedClass(best.Class, best.Index, best.Probability))],
        withLogits ? prediction.Logits : null);
}

internal sealed record PredictedClass(string Class, int Index, double Probability);
