using GpuCnn;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;

var photos = ImageData.Open("photos").Split(validation: 0.1);
using var model = Model.FromTorch("resnet18", "resnet18.pth", photos.Classes);
model.Freeze("layer1.*");
model.Fit(photos, new() { Epochs = 5, Batch = 8, Optimizer = new Sgd(0.9f), Schedule = new Cosine(warmup: 1), Augment = [new Flip()] });
Console.WriteLine(model.Predict("cat.png").Best);
