using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;

namespace GpuCnn;

/// <summary>How a model is judged.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Which images of the data set are judged.</summary>
    public EvaluationPart Part { get; init; }

    /// <summary>Images of a batch.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Whether to average the ten crops of each image: the corners and the centre, and mirrored.</summary>
    public bool TenCrops { get; init; }

    /// <summary>Names images that cannot be read, and decides what becomes of them; null leaves a few out.</summary>
    public BadImageLog? BadImages { get; init; }

    /// <summary>Threads and caches that images are read with.</summary>
    public FeedRequest Feed { get; init; } = new();

    /// <summary>Receives the class probabilities of each image, by its place among those that are judged; null asks for none.</summary>
    public ImageJudged? Judged { get; init; }
}

/// <content>Judging.</content>
public sealed partial class Model
{
    /// <summary>
    /// Measures accuracy and loss on images that the model was not trained on, as far as that is known: the validation images of the data
    /// set, or those that the model's run validated on. <see cref="EvaluationOptions.Part"/> asks for others.
    /// </summary>
    /// <param name="data">Its classes are among the model's.</param>
    /// <exception cref="GpuCnnException">The classes differ, images cannot be read, or weights or outputs are not finite.</exception>
    public EvaluationResult Evaluate(ImageData data, EvaluationOptions? options = null) => Evaluate([this], data, options);

    /// <summary>Measures several models together: their class probabilities are averaged.</summary>
    /// <param name="models">Of one input shape and preparation, and of the same classes in the same order.</param>
    /// <inheritdoc cref="Evaluate(ImageData, EvaluationOptions?)"/>
    public static EvaluationResult Evaluate(IReadOnlyList<Model> models, ImageData data, EvaluationOptions? options = null)
    {
        options ??= new();
        return Evaluate(models, EvaluationImages.Choose(models, data, options.Part), options);
    }

    /// <summary>Measures models together on chosen images.</summary>
    /// <inheritdoc cref="Evaluate(IReadOnlyList{Model}, ImageData, EvaluationOptions?)"/>
    public static EvaluationResult Evaluate(IReadOnlyList<Model> models, EvaluationImages chosen, EvaluationOptions? options = null)
    {
        options ??= new();
        CheckAgreement(models);
        if (options.Batch < 1) throw new GpuCnnException($"Evaluation expects a batch of at least 1 image, but got {options.Batch}.");
        ModelMetadata metadata = models[0].Metadata;
        ImageSplit split = chosen.Split;
        using var images = new ImageDataset(split, new ImagePreprocessor(metadata), options: options.Feed.ToOptions(),
            badImages: new(split, "evaluation", options.BadImages ?? new(BadImagePolicy.Skip)));
        const int Crops = ImageDataset.Crops;
        int size = options.TenCrops ? Math.Max(Crops, Math.Min(options.Batch, images.Count * Crops) / Crops * Crops)
            : Math.Min(options.Batch, images.Count);
        List<Plan> plans = [];
        try
        {
            foreach (Model model in models)
                plans.Add(new(model.FiniteStore(),
                    new() { Images = size, Loss = new SoftmaxCrossEntropy(), Precision = model.Precision, UploadsAhead = true }));
            if (!options.TenCrops) return plans is [var plan] ? Evaluation.Run(plan, images, nameOf: split.Name, judged: options.Judged)
                : Evaluation.RunEnsemble(plans, images, nameOf: split.Name, judged: options.Judged);
            return Evaluation.RunAveraged(
                plans, images.ReadTenCrops, images.Count, Crops, nameOf: split.Name, judged: options.Judged);
        }
        finally
        {
            plans.ForEach(plan => plan.Dispose());
        }
    }

    /// <exception cref="GpuCnnException">The models cannot be averaged.</exception>
    internal static void CheckAgreement(IReadOnlyList<Model> models)
    {
        if (models.Count == 0) throw new ArgumentException("Expected at least one model, but got none.", nameof(models));
        foreach (Model other in models.Skip(1)) CheckAgreement(models[0], other);
    }

    /// <summary>Averaging makes sense only where all see the same image and mean the same classes.</summary>
    private static void CheckAgreement(Model first, Model other)
    {
        ModelMetadata a = first.Metadata, b = other.Metadata;
        string? fault = !a.Classes.SequenceEqual(b.Classes)
                ? $"the same classes in the same order, but got {Some(a.Classes)} and {Some(b.Classes)}"
            : a.Input != b.Input ? $"one input volume, but got {a.Input} and {b.Input}"
            : a.Fit != b.Fit ? $"one way to fit images, but got {a.Fit} and {b.Fit}".ToLowerInvariant()
            : (a.ResizeTo, a.IgnoresExif) != (b.ResizeTo, b.IgnoresExif)
                ? $"one way to judge images, but they are scaled to {a.ResizeTo} and {b.ResizeTo} pixels or take EXIF differently"
            : !a.Mean.SequenceEqual(b.Mean) || !a.Std.SequenceEqual(b.Std) ? "one normalization, but their mean and std differ"
            : null;
        if (fault is not null)
            throw new GpuCnnException($"Averaging {first.Title} and {other.Title} expects {fault}; evaluate them one at a time.");
    }

    /// <summary>Names models in messages.</summary>
    internal static string TitleOf(IReadOnlyList<Model> models) => string.Join(" and ", models.Select(model => model.Title));

    /// <summary>Names the model in messages.</summary>
    private string Title => Source is { } path ? $"'{path}'" : Name;

    private static string Some(IReadOnlyList<string> classes) =>
        $"{classes.Count} ({string.Join(", ", classes.Take(3))}{(classes.Count > 3 ? ", ..." : "")})";
}
