using GpuCnn.Engine.Training;

namespace GpuCnn;

/// <summary>A class and how probable it is.</summary>
/// <param name="Class">Its name.</param>
/// <param name="Index">Its place among the model's classes.</param>
/// <param name="Probability">From 0 to 1; those of all classes sum to 1.</param>
public sealed record ClassProbability(string Class, int Index, double Probability)
{
    /// <summary>"cat 97.3 %"</summary>
    public override string ToString() => FormattableString.Invariant($"{Class} {Probability * 100:0.0} %");
}

/// <summary>What a model says of an image.</summary>
public sealed class ImagePrediction
{
    private readonly IReadOnlyList<string> _classes;
    private IReadOnlyList<ClassProbability>? _ranked;

    internal ImagePrediction(string name, IReadOnlyList<float> logits, IReadOnlyList<string> classes)
    {
        Name = name;
        Logits = logits;
        _classes = classes;
    }

    /// <summary>The file; of an image in memory, "image" and its number.</summary>
    public string Name { get; }

    /// <summary>The network's raw output, in class order.</summary>
    public IReadOnlyList<float> Logits { get; }

    /// <summary>All classes, the most probable first.</summary>
    public IReadOnlyList<ClassProbability> Classes => _ranked ??= Rank();

    /// <summary>The most probable class.</summary>
    public ClassProbability Best => Classes[0];

    public override string ToString() => $"{Name}: {Best}";

    private IReadOnlyList<ClassProbability> Rank()
    {
        double[] probabilities = Evaluation.Softmax([.. Logits]);
        return [.. _classes.Select((name, index) => new ClassProbability(name, index, probabilities[index]))
            .OrderByDescending(candidate => candidate.Probability)];
    }
}
