using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;

namespace GpuCnn;

/// <summary>Which images of a data set a model is judged by.</summary>
public enum EvaluationPart
{
    /// <summary>
    /// The validation images that the data set keeps apart. If it keeps none apart, those that the model's run validated on; if it has none
    /// of these either, all.
    /// </summary>
    Unseen,

    /// <summary>All images for training and validation.</summary>
    All,

    /// <summary>The images for training; if the data set keeps none apart, all but those that the model's run validated on.</summary>
    Training,

    /// <summary>As <see cref="Unseen"/>, but never images that a run may have trained on.</summary>
    Validation,

    /// <summary>The images for a final test, such as a folder <c>test/</c>.</summary>
    Test,
}

/// <summary>The images that models are judged by, and what is known of their use.</summary>
/// <param name="Split">The images, with the class indices of the models.</param>
/// <param name="Part">Images of this part were asked for.</param>
/// <param name="Available">Number of images for training and validation that the data set has.</param>
public sealed record EvaluationImages(ImageSplit Split, EvaluationPart Part, int Available)
{
    /// <summary>Whether these are all images that the data set has for training and validation.</summary>
    public bool IsWhole { get; private init; }

    /// <summary>Whether these are the images that the models' runs validated on, found by their content.</summary>
    public bool AreHeldOut { get; private init; }

    /// <summary>Number of images that the models' runs validated on; null if <see cref="AreHeldOut"/> is false.</summary>
    public long? Validated { get; private init; }

    /// <summary>Share of the images that a run trained on; null if that is not known.</summary>
    public double? TrainedShare { get; private init; }

    /// <summary>Whether <see cref="TrainedShare"/> is an estimate, for only a part of the run's training images is known.</summary>
    public bool IsEstimate { get; private init; }

    /// <summary>Selects images of a data set to judge models by. Hashes all images where the data set keeps none apart.</summary>
    /// <param name="models">Of the same classes in the same order.</param>
    /// <param name="data">Its classes are among the models'.</param>
    /// <param name="part">Which images.</param>
    /// <param name="progress">Called with the number of images hashed and the total, from several threads.</param>
    /// <exception cref="GpuCnnException">The classes differ, or the data set has no such images.</exception>
    public static EvaluationImages Choose(
        IReadOnlyList<Model> models, ImageData data, EvaluationPart part = EvaluationPart.Unseen, Action<int, int>? progress = null)
    {
        Model.CheckAgreement(models);
        LocatedDataset located = data.Located;
        IReadOnlyList<string> classes = models[0].Classes;
        int available = located.Count;
        switch (part)
        {
            case EvaluationPart.Test:
                return new(located.Relabelled(located.Test, classes), part, available);
            case EvaluationPart.Training when located.Validation is not null:
                return new(located.Relabelled(located.Train, classes), part, available);
            case EvaluationPart.Unseen or EvaluationPart.Validation when located.Validation is not null:
                return new(located.EvaluationFor(classes), part, available);
        }
        ImageSplit[] splits = [.. new[] { located.HasTraining ? located.Train : null, located.Validation }.OfType<ImageSplit>()
            .Select(split => located.Relabelled(split, classes))];
        ImageSplit all = splits is [var only] ? only : new JoinedSplit(located.Kind, splits);
        if (models.All(model => model.Validated is null && model.Trained is null))
        {
            return part is EvaluationPart.Unseen or EvaluationPart.All ? new(all, part, available) { IsWhole = true }
                : throw Unknown(located, models);
        }

        ulong?[] hashes = ImageContent.HashAll(all, [.. Enumerable.Range(0, all.Count)], progress);
        int[] heldOut = HeldOut(models, hashes);
        EvaluationImages Images(int[]? indices) => new EvaluationImages(
            indices is null || indices.Length == all.Count ? all : new SubsetSplit(all.Description, all, indices), part, available)
        { IsWhole = indices is null }
            .WithTrainedShare(models, indices is null ? hashes : [.. indices.Select(i => hashes[i])]);
        return part switch
        {
            EvaluationPart.All => Images(null),
            EvaluationPart.Training => heldOut.Length == 0 ? throw Unknown(located, models)
                : Images([.. Enumerable.Range(0, all.Count).Except(heldOut)]),
            _ when heldOut.Length > 0 => Images(heldOut) with
            {
                AreHeldOut = true,
                Validated = models.Max(model => model.Validated?.Count),
            },
            EvaluationPart.Unseen => Images(null),
            _ => throw Unknown(located, models),
        };
    }

    /// <summary>The images that every model validated on, of those models that know.</summary>
    private static int[] HeldOut(IReadOnlyList<Model> models, ulong?[] hashes)
    {
        int[][] found = [.. models.Select(model => model.Validated).OfType<ImageHashes>().Select(images => images.IndicesOf(hashes))];
        return found.Length == 0 ? [] : [.. found.Skip(1).Aggregate(found[0].AsEnumerable(), (left, right) => left.Intersect(right))];
    }

    private EvaluationImages WithTrainedShare(IReadOnlyList<Model> models, IReadOnlyList<ulong?> hashes)
    {
        ImageHashes? most = models.Select(model => model.Trained).OfType<ImageHashes>().MaxBy(images => images.ShareOf(hashes));
        return most is null ? this : this with { TrainedShare = most.ShareOf(hashes), IsEstimate = !most.IsComplete };
    }

    private static GpuCnnException Unknown(LocatedDataset data, IReadOnlyList<Model> models) => new(
        $"Data set '{data.Path}' keeps no images apart: expected some of those that {Model.TitleOf(models)} validated on, but got "
        + (models.All(model => model.Validated is null) ? "weights that do not list them" : "none of them") + ".");
}
