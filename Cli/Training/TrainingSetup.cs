using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Models;

namespace GpuCnn.Cli.Training;

/// <summary>Model, data and settings that a request asks for.</summary>
internal sealed class TrainingSetup
{
    /// <summary>Epochs of warm-up before a rate that ranks multiply, as in Goyal et al., 2017, https://arxiv.org/abs/1706.02677.</summary>
    public const int ScaledWarmup = 5;

    private readonly TrainRequest _request;
    private readonly Communicator _ranks;
    private readonly string _recipeName;
    private readonly Recipe _recipe;
    private readonly ulong _seed;
    private readonly ModelFile? _weights;
    private readonly Shape _input;

    /// <summary>Refuses contradictions before the data set is read.</summary>
    /// <param name="ranks">The processes that train together.</param>
    public TrainingSetup(TrainRequest request, Communicator ranks)
    {
        _ranks = ranks;
        _request = request.BatchPerRank is { } share ? request with { Batch = checked(share * ranks.Size) } : request;
        Architecture = Architecture.Find(request.Model ?? TrainingSession.DefaultModel);
        _recipeName = request.Recipe ?? Recipe.Default;
        _recipe = UsageException.Guard(() => Architecture.FindRecipe(_recipeName));
        _seed = request.SettingsFor(_recipe.Settings).Seed;
        _weights = request.Weights is { } file ? ModelFile.Load(file) : null;
        _input = InputFor(request, _weights?.Metadata.Input ?? Architecture.Input);
        _ = UsageException.Guard(() => Architecture.Build(_input, recipe: _recipe));
    }

    public Architecture Architecture { get; }

    /// <summary>Opens the data set. Holds out some images of each class if it keeps none apart and has enough.</summary>
    /// <param name="notes">Is told that a data set is drawn.</param>
    public ImageData OpenData(CommandHost host, TextWriter notes, CancellationToken cancellation)
    {
        if (_request.Data is null)
        {
            _ranks.Together(() => DrawDemo(_ranks.IsFirst, notes, cancellation));
            // Hosts that do not see its folder have one of their own.
            _ranks.Together(() => DrawDemo(_ranks.LocalRank == 0, notes, cancellation));
        }
        return _ranks.Together(() => Open(host));
    }

    private static void DrawDemo(bool isMine, TextWriter notes, CancellationToken cancellation)
    {
        if (!isMine) return;
        if (!DemoDataset.IsComplete(ImageData.DemoFolder, ImageData.DemoSeed))
            notes.WriteLine($"Drawing the demo data set into {ImageData.DemoFolder}/ ...");
        ImageData.Demo(ImageData.DemoFolder, cancellation);
    }

    private ImageData Open(CommandHost host)
    {
        var data = ImageData.Open(_request.Data ?? ImageData.DemoFolder, _request.Validation);
        if (_request.ExcludeDuplicates)
        {
            var progress = new CheckProgress(host);
            data = data.WithoutDuplicates(progress.Show);
            progress.Clear();
        }
        return data.WithValidation(_seed);
    }

    public FitOptions OptionsFor(ImageData data) => Scaled(new(_request.SettingsFor(Adapted(_recipe.Settings, data)))
    {
        Ranks = _ranks,
        Augment = Augmentation.Parse(_request.Augmentation ?? _recipe.Augmentation, _input),
        BadImages = _request.BadImages ?? BadImagePolicy.Skip,
        FixedBatch = _request.FixedBatch,
        Feed = _request.Feed,
        Threads = _request.Threads,
    });

    /// <summary>The model, which the caller disposes of.</summary>
    public Model CreateModel(ImageData data, Device device)
    {
        var model = Model.Create(Architecture, data.Classes, device, _input, _recipeName, _weights, _request.Weights);
        try
        {
            model.Preparation = Prepared(model);
            if (_request.Freeze.Count > 0) UsageException.Guard(() => model.Freeze(_request.Freeze));
            if (_request.FreezeBatchNorm) UsageException.Guard(model.FreezeBatchNorm);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The recipe's numbers for the batch that was asked for, or for a small data set, as far as options leave them open.
    /// </summary>
    private TrainingSettings Adapted(TrainingSettings recipe, ImageData data)
    {
        TrainingSettings adapted = _request.Batch is { } batch ? recipe.AtBatch(batch, _request.Accumulate ?? recipe.Accumulate)
            : recipe.For(data.Training.Count, _request.Accumulate);
        return _request.HasRate ? adapted with { LearningRate = recipe.LearningRate } : adapted;
    }

    /// <summary>
    /// Multiplies the rate by the number of ranks, where that was asked for. The rate of a recipe is first that of one rank's batch: with
    /// the same batch over all ranks it stays, for the rate belongs to the batch.
    /// </summary>
    private FitOptions Scaled(FitOptions options)
    {
        int ranks = _ranks.Size;
        if (!_request.ScalesRate || ranks == 1) return options;
        TrainingSettings recipe = _recipe.Settings;
        float own = _request.HasRate ? options.LearningRate
            : recipe.LearningRate * Math.Min(1, (float)options.EffectiveBatch / ranks / recipe.EffectiveBatch);
        return options with
        {
            LearningRate = own * ranks,
            HeadLearningRate = options.HeadLearningRate * ranks,
            RateScale = ranks,
            Schedule = _request.HasWarmup || options.Schedule.Warmup >= ScaledWarmup ? options.Schedule
                : Settings.With(options.Schedule, new Dictionary<string, object?> { ["warmup"] = ScaledWarmup }),
        };
    }

    private static Shape InputFor(TrainRequest request, Shape usual)
    {
        Shape input = request.Input ?? usual;
        if (request.Crop is { } side) input = Shape.Volume(input.Channels, side, side);
        return input.Channels is 1 or 3 ? input
            : throw new UsageException($"--input expects 1 (gray) or 3 (RGB) channels to train on images, but got {input}.");
    }

    /// <summary>
    /// Decides how images are brought to the input: by the options, else by the starting weights, else by the recipe.
    /// </summary>
    private ImagePreparation Prepared(Model model)
    {
        ImageFit fit = _request.Fit ?? model.Preparation.Fit;
        return model.Preparation with
        {
            Fit = fit,
            ResizeTo = ResizeFor(model, fit),
            IgnoresExif = _request.IgnoresExif || model.Preparation.IgnoresExif,
        };
    }

    private int ResizeFor(Model model, ImageFit fit)
    {
        int longer = Math.Max(model.Input.Height, model.Input.Width);
        if (_request.ResizeTo is { } asked)
        {
            if (fit == ImageFit.Pad) throw new UsageException(
                "--val-resize goes with --fit resize, but images are padded; leave one of them out.");
            return asked >= longer ? asked
                : throw new UsageException($"--val-resize expects at least the {longer} pixels of the input {model.Input}, "
                + $"but got {asked}.");
        }
        if (fit == ImageFit.Pad) return 0;
        if (_weights is not null && _request.Recipe is null) return _weights.Metadata.ResizeTo >= longer ? _weights.Metadata.ResizeTo : 0;
        return model.Recipe.EvaluationScale > 1 ? (int)MathF.Round(longer * model.Recipe.EvaluationScale) : 0;
    }
}
